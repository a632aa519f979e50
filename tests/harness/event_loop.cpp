#include "tests/harness/event_loop.h"

#include <utility>

namespace chorale::testing {

void EventLoop::post(std::function<void()> function) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(function));
  }
  posted_.notify_one();
}

std::function<void(std::function<void()>)> EventLoop::poster() {
  return [this](std::function<void()> function) { post(std::move(function)); };
}

bool EventLoop::run_until(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (!run_one(deadline)) return done();
  }
  return true;
}

void EventLoop::run_ready() {
  while (run_one(std::chrono::steady_clock::now())) {
  }
}

bool EventLoop::run_one(std::chrono::steady_clock::time_point deadline) {
  std::function<void()> function;
  {
    std::unique_lock lock(mutex_);
    if (!posted_.wait_until(lock, deadline, [this] { return !queue_.empty(); })) return false;
    function = std::move(queue_.front());
    queue_.pop_front();
  }
  function();
  return true;
}

}  // namespace chorale::testing
