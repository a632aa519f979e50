// The one thread of a test: runs what is posted to it, until a condition holds or a deadline passes.
//
// post() may be called on any thread; everything else on the thread that owns the loop. Functions run in posting order,
// never inside post().
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace chorale::testing {

inline constexpr std::chrono::milliseconds kPatience{20'000};  // for conditions that are expected to come true

class EventLoop {
 public:
  void post(std::function<void()> function);
  // post(), as the stores take it. The loop must outlive it.
  [[nodiscard]] std::function<void(std::function<void()>)> poster();

  // Runs functions until `done` holds; it is asked before the first and after every one. False: the time was over.
  [[nodiscard]] bool run_until(const std::function<bool()>& done, std::chrono::milliseconds limit = kPatience);
  // Runs what has been posted, and what that posts, until nothing is left.
  void run_ready();

 private:
  [[nodiscard]] bool run_one(std::chrono::steady_clock::time_point deadline);

  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> queue_;
};

}  // namespace chorale::testing
