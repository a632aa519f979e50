// A cluster that routes one app, /first, and the proxy whose agent leads it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {

class LedClusterTest : public ::testing::Test {
 protected:
  explicit LedClusterTest(RealCluster::Options options) : cluster_(std::move(options)) {}

  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    // The app of the start is answered no more a moment before it is routed no more.
    const auto is_empty = [&] {
      leader_ = cluster_.leader();
      const nlohmann::json said = leader_ == nullptr ? nlohmann::json() : status();
      return said.is_object() && said.value("/state/committed/apps"_json_pointer, -1) == 0;
    };
    ASSERT_TRUE(wait_until(is_empty, std::chrono::seconds(20))) << cluster_.logs();
    ASSERT_TRUE(cluster_.marathon().create("/first", 1));
    ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/first"); }, std::chrono::seconds(20)))
        << cluster_.logs();
    leader_ = cluster_.leader();
    ASSERT_NE(leader_, nullptr);
  }

  // One whose agent does not lead.
  [[nodiscard]] Proxy& follower() { return cluster_.proxy(leader_ == &cluster_.proxy(0) ? 1 : 0); }

  // What the leader says at /v1/status; no object: it does not answer.
  [[nodiscard]] nlohmann::json status() const {
    return nlohmann::json::parse(http_get(leader_->admin_port(), "/v1/status").body, nullptr,
                                 /*allow_exceptions=*/false);
  }

  RealCluster cluster_;
  Proxy* leader_ = nullptr;
};

}  // namespace chorale::testing
