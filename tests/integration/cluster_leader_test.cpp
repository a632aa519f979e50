// Leaders come and go: routes stay, the next one goes on where the last one was.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kSessionTimeout{2};  // as RealCluster::Options has it
constexpr milliseconds kTick{250};     // the server's, as ZookeeperServer::Options has it

class ClusterLeaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    ASSERT_TRUE(cluster_.marathon().create("/stays", 2));
    ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/stays"); }, seconds(10))) << cluster_.logs();
    leader_ = cluster_.leader();
    ASSERT_NE(leader_, nullptr);
    epoch_ = leader_->health().at("Cluster").at("Epoch");
  }

  // The leader that is not `old`, once there is one.
  Proxy* next_leader(milliseconds limit) {
    Proxy* next = nullptr;
    (void)wait_until(
        [&] {
          for (const auto& proxy : cluster_.proxies()) {
            if (proxy.get() == leader_) continue;
            const auto health = proxy->health();
            if (health.is_object() && health.at("Cluster").at("Role") == "leader") next = proxy.get();
          }
          return next != nullptr;
        },
        limit);
    return next;
  }

  RealCluster cluster_;
  Proxy* leader_ = nullptr;
  std::int64_t epoch_ = 0;
};

TEST_F(ClusterLeaderTest, ChangeMadeWhileTheLeaderStopsIsRoutedWithinASecond) {
  const auto begin = steady_clock::now();
  leader_->signal_agent(SIGTERM);
  ASSERT_TRUE(cluster_.marathon().create("/change", 1));
  const auto routed_by_survivors = [&] {
    for (const auto& proxy : cluster_.proxies()) {
      if (proxy.get() != leader_ && !proxy->routes("/change")) return false;
    }
    return true;
  };
  EXPECT_TRUE(wait_until(routed_by_survivors, seconds(10))) << cluster_.logs();
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  RecordProperty("routed_after_ms", static_cast<int>(took.count()));
  EXPECT_LE(took, seconds(1)) << cluster_.logs();
  EXPECT_TRUE(leader_->agent_ended(seconds(3)));
  EXPECT_TRUE(leader_->routes("/stays")) << "its Nginx goes on";
}

TEST_F(ClusterLeaderTest, KilledLeaderIsFollowedWithinSessionTimeoutPlusTickPlusASecond) {
  const auto begin = steady_clock::now();
  leader_->kill_agent();
  ASSERT_TRUE(cluster_.marathon().create("/change", 1));
  const Proxy* next = next_leader(seconds(20));
  ASSERT_NE(next, nullptr) << cluster_.logs();
  EXPECT_TRUE(wait_until([&] { return next->routes("/change"); }, seconds(10))) << cluster_.logs();
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  RecordProperty("routed_after_ms", static_cast<int>(took.count()));
  EXPECT_LE(took, kSessionTimeout + kTick + seconds(1));
  EXPECT_GT(next->health().at("Cluster").at("Epoch").get<std::int64_t>(), epoch_);
  EXPECT_TRUE(cluster_.routed_everywhere("/stays"));

  leader_->start_agent();
  EXPECT_TRUE(wait_until([&] { return cluster_.converged() && cluster_.routed_everywhere("/change"); }, seconds(20)))
      << cluster_.logs();
}

TEST_F(ClusterLeaderTest, FrozenLeaderNeverPutsRoutesBack) {
  leader_->signal_agent(SIGSTOP);
  Proxy* next = next_leader(seconds(20));
  ASSERT_NE(next, nullptr) << cluster_.logs();
  ASSERT_TRUE(cluster_.marathon().create("/change", 1));
  ASSERT_TRUE(cluster_.marathon().destroy("/stays"));
  ASSERT_TRUE(wait_until([&] { return next->routes("/change") && !next->routes("/stays"); }, seconds(10)));
  // While Nginx reloads, old workers still answer now and then: the observation begins once they are proven gone.
  ASSERT_TRUE(wait_until(
      [&] {
        const auto cluster = next->health().at("Cluster");
        return cluster.at("Applied") == cluster.at("Committed");
      },
      seconds(10)));

  leader_->signal_agent(SIGCONT);
  const auto caught_up = [&] { return cluster_.converged() && cluster_.routed_everywhere("/change"); };
  bool went_back = false;
  EXPECT_TRUE(wait_until(
      [&] {
        went_back = went_back || next->routes("/stays") || !next->routes("/change");
        return caught_up();
      },
      seconds(20)))
      << cluster_.logs();
  EXPECT_FALSE(went_back);
  int leaders = 0;
  for (const auto& proxy : cluster_.proxies()) {
    const auto cluster = proxy->health().at("Cluster");
    EXPECT_GT(cluster.at("Epoch").get<std::int64_t>(), epoch_);
    leaders += cluster.at("Role") == "leader" ? 1 : 0;
  }
  EXPECT_EQ(leaders, 1);
}

}  // namespace
}  // namespace chorale::testing
