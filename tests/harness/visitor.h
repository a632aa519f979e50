// A client that asks one proxy for one path again and again, each time over a new connection, and counts what it gets.
// It starts with its construction; counters may be read from any thread.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <utility>

#include "tests/harness/real_cluster.h"

namespace chorale::testing {

class Visitor {
 public:
  // `pause` between an answer and the next request.
  Visitor(const Proxy& proxy, std::string target, std::chrono::milliseconds pause = {})
      : thread_([this, &proxy, target = std::move(target), pause] {
          while (!stop_) {
            const HttpReply reply = proxy.get(target);
            ++requests_;
            if (reply.status != 200 && failures_++ == 0) {
              first_failure_ = target + " on " + proxy.id() + ", request " + std::to_string(requests_) + ": " +
                               std::to_string(reply.status) + " " + reply.error;
            }
            if (pause.count() > 0) std::this_thread::sleep_for(pause);
          }
        }) {}
  ~Visitor() { end(); }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  void end() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] int failures() const { return failures_; }
  [[nodiscard]] const std::string& first_failure() const { return first_failure_; }  // after end()

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> requests_{0};
  std::atomic<int> failures_{0};
  std::string first_failure_;
  std::thread thread_;
};

}  // namespace chorale::testing
