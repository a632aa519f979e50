// Lets the owner of jobs on a worker pool wait until none of them runs any more, and tells them to stop.
//
// A job holds a Pass while it works. Ensures: after close() no pass is given and none is held, so what a job refers to
// may go. A job that never begins (the pool was stopped) is not waited for.
#pragma once

#include <atomic>

namespace chorale::agent {

class JobGate {
 public:
  class Pass {
   public:
    explicit Pass(JobGate& gate) : gate_(gate) { ++gate_.inside_; }
    ~Pass() {
      if (--gate_.inside_ == 0) gate_.inside_.notify_all();
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    [[nodiscard]] explicit operator bool() const { return !gate_.closing_; }

   private:
    JobGate& gate_;
  };

  [[nodiscard]] const std::atomic<bool>& closing() const { return closing_; }

  void close() {
    closing_ = true;
    for (int inside = inside_; inside != 0; inside = inside_) inside_.wait(inside);
  }

 private:
  std::atomic<bool> closing_{false};
  std::atomic<int> inside_{0};
};

}  // namespace chorale::agent
