// The way from foreign threads (cpprest's pool, workers) back to the loop, which can be shut. Any thread.
//
// cpprest's threads belong to the process and may still hold a continuation when the agent's io_context is gone. The
// mutex is what makes "no post after close()" true; nothing but post() happens under it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <utility>

namespace chorale::agent {

class LoopGate {
 public:
  explicit LoopGate(boost::asio::io_context& loop) : loop_(&loop) {}

  template <class Function>
  void post(Function&& function) {
    const std::lock_guard lock(mutex_);
    if (loop_ != nullptr) {
      boost::asio::post(*loop_, std::forward<Function>(function));
    }
  }

  // Afterwards post() does nothing. What was posted before still runs: its receiver has to check that it is alive.
  void close() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* loop_;
};

}  // namespace chorale::agent
