// Feeds a pure machine one event at a time, in order, also when performing its effects brings the next event at once.
#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "coordination/loop_thread.h"

namespace chorale::agent {

// Loop thread only. Bounded by its users: every event is the answer to an effect, a timer, or an input read by the
// loop.
template <class Event>
class EventQueue {
 public:
  explicit EventQueue(std::function<void(Event)> handle) : handle_(std::move(handle)) {}

  // Handles the event now, or after the one that is being handled. What the handler throws comes through; the events
  // behind it wait for the next post().
  void post(Event event) {
    thread_.check();
    if (closed_) return;
    events_.push_back(std::move(event));
    if (draining_) return;
    const Draining draining(draining_);
    while (!events_.empty()) {
      Event next = std::move(events_.front());
      events_.pop_front();
      handle_(std::move(next));
    }
  }

  // Drops what waits and everything to come.
  void close() {
    closed_ = true;
    events_.clear();
  }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  // A queue that a throwing handler left draining would swallow every later event.
  class Draining {
   public:
    explicit Draining(bool& flag) : flag_(flag) { flag_ = true; }
    ~Draining() { flag_ = false; }
    Draining(const Draining&) = delete;
    Draining& operator=(const Draining&) = delete;

   private:
    bool& flag_;
  };

  std::function<void(Event)> handle_;
  std::deque<Event> events_;
  bool draining_ = false;
  bool closed_ = false;
  coordination::LoopThread thread_;
};

}  // namespace chorale::agent
