// A MarathonClient with its loop and workers, and what it reported, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "agent/marathon/client.h"

namespace chorale::agent {

class MarathonFixture : public ::testing::Test {
 protected:
  ~MarathonFixture() override {
    client_.reset();
    workers_.join();
  }

  MarathonClient& start(MarathonClientOptions options = {}) {
    client_ = std::make_unique<MarathonClient>(loop_, workers_, std::move(options), [this](TrackerEvent event) {
      reported_.push_back(std::move(event));
      if (on_report_) {
        on_report_();
      }
    });
    return *client_;
  }

  // Runs the loop until `done` holds; false after 20 s.
  template <class Done>
  [[nodiscard]] bool run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) {
        return false;
      }
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  template <class Report>
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(std::count_if(reported_.begin(), reported_.end(), [](const TrackerEvent& event) {
      return std::holds_alternative<Report>(event);
    }));
  }

  // The nth report of that kind, counted from 1.
  template <class Report>
  [[nodiscard]] Report wait_for(std::size_t nth = 1) {
    EXPECT_TRUE(run_until([&] { return count<Report>() >= nth; })) << "only " << count<Report>() << " reports";
    for (const TrackerEvent& event : reported_) {
      if (const auto* report = std::get_if<Report>(&event); report != nullptr && --nth == 0) {
        return *report;
      }
    }
    return Report{};
  }

  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{loop_.get_executor()};
  boost::asio::thread_pool workers_{2};
  std::vector<TrackerEvent> reported_;
  std::function<void()> on_report_;
  std::unique_ptr<MarathonClient> client_;
};

}  // namespace chorale::agent
