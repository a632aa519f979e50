// A proxy is taken out of the balancer and put back, on real parts: health is what the balancer sees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/integration/led_cluster.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ClusterDrainTest : public LedClusterTest {
 protected:
  explicit ClusterDrainTest(RealCluster::Options options = {.proxies = 2, .zookeeper_relays = true})
      : LedClusterTest(std::move(options)) {
    ::setenv("SUDO_USER", "jo", 1);  // of the commands
  }

  static std::string message(const Proxy& proxy) {
    const auto health = proxy.health();
    return health.is_object() ? health.value("Message", "") : "no answer";
  }
  // As the znode says.
  nlohmann::json drained(const Proxy& proxy) const {
    const auto cluster = nlohmann::json::parse(http_get(proxy.admin_port(), "/v1/status").body, nullptr, false);
    if (!cluster.is_object() || !cluster.contains("agents")) return "no answer";
    for (const auto& agent : cluster.at("agents")) {
      if (agent.at("id") == proxy.id()) return agent.at("drained");
    }
    return "not there";
  }
};

TEST_F(ClusterDrainTest, DrainedOverARestartWhileItFollowsAndServes) {
  Proxy& proxy = follower();
  const auto ran = proxy.run("drain", "--reason=a new kernel");
  EXPECT_EQ(ran.exit_code, 0) << ran.output;
  EXPECT_THAT(ran.output, ContainsRegex("^drained by jo since 20.*: a new kernel\n$"));
  EXPECT_EQ(proxy.health_status(), 503) << "by the time that the command has ended";
  EXPECT_THAT(message(proxy), ContainsRegex("^drained by jo since 20.*: a new kernel$"));
  EXPECT_EQ(leader_->health_status(), 200);
  EXPECT_EQ(message(*leader_), "OK");
  EXPECT_TRUE(wait_until([&] { return drained(proxy).is_object(); }, seconds(5)));
  EXPECT_EQ(drained(proxy).at("reason"), "a new kernel");
  ::setenv("SUDO_USER", "al", 1);
  EXPECT_THAT(
      proxy.run("drain", "--reason=a new disk").output,
      ContainsRegex("^drained by al since 20.*: a new disk; before, it was drained by jo since 20.*: a new kernel"));
  ::setenv("SUDO_USER", "jo", 1);
  ASSERT_EQ(proxy.run("drain", "--reason=a new kernel").exit_code, 0);

  proxy.kill_agent();
  ASSERT_TRUE(cluster_.marathon().create("/while-it-was-away", 1));
  ASSERT_TRUE(wait_until([&] { return leader_->routes("/while-it-was-away"); }, seconds(20))) << cluster_.logs();
  EXPECT_TRUE(proxy.routes("/first"));
  proxy.start_agent();
  ASSERT_TRUE(wait_until([&] { return proxy.routes("/while-it-was-away"); }, seconds(20))) << cluster_.logs();
  EXPECT_EQ(proxy.health_status(), 503);
  EXPECT_THAT(message(proxy), ContainsRegex("^drained by jo since 20.*: a new kernel"));
  EXPECT_THAT(proxy.agent_log(), HasSubstr("starts drained by "));

  const auto ended = proxy.run("undrain");
  EXPECT_EQ(ended.exit_code, 0) << ended.output;
  EXPECT_THAT(ended.output, ContainsRegex("^no longer drained; it was drained for [0-9]+ s by jo\n$"));
  EXPECT_NE(proxy.health_status(), 503);
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
  EXPECT_TRUE(wait_until([&] { return drained(proxy).is_null(); }, seconds(5)));
  EXPECT_THAT(proxy.agent_log(),
              ContainsRegex("no longer drained, by an order of jo; it was drained for [0-9]+ s by jo "));
}

TEST_F(ClusterDrainTest, WorksWithoutZooKeeperAndIsSaidThereLater) {
  Proxy& proxy = follower();
  const std::size_t index = &proxy == &cluster_.proxy(0) ? 0 : 1;
  cluster_.zookeeper_relay(index).cut();
  ASSERT_TRUE(wait_until([&] { return message(proxy).find("ZooKeeper is not connected") == 0; }, seconds(20)));
  EXPECT_EQ(proxy.health_status(), 200);
  EXPECT_EQ(proxy.run("drain").exit_code, 0);
  EXPECT_EQ(proxy.health_status(), 503);
  EXPECT_THAT(message(proxy), ContainsRegex("^drained by jo since [^ ]+; besides: ZooKeeper is not connected"));
  cluster_.zookeeper_relay(index).heal();
  EXPECT_TRUE(wait_until([&] { return drained(proxy).is_object(); }, seconds(20))) << cluster_.logs();
}

// It is about traffic alone.
TEST_F(ClusterDrainTest, DrainedAgentVotesAndLeads) {
  EXPECT_EQ(leader_->run("drain").exit_code, 0);
  Proxy& other = follower();
  ASSERT_TRUE(cluster_.marathon().create("/second", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second"); }, seconds(20))) << cluster_.logs();
  EXPECT_EQ(cluster_.leader(), leader_);
  EXPECT_EQ(other.run("drain").exit_code, 0);
  leader_->kill_agent();
  ASSERT_TRUE(wait_until([&] { return cluster_.leader() == &other; }, seconds(30))) << cluster_.logs();
  ASSERT_TRUE(cluster_.marathon().create("/third", 1));
  EXPECT_TRUE(wait_until([&] { return other.routes("/third"); }, seconds(20))) << cluster_.logs();
  EXPECT_EQ(other.health_status(), 503);
}

TEST_F(ClusterDrainTest, LoopbackIsNoCredentialAndFilesThatCannotBeReadKeepTrafficAway) {
  Proxy& proxy = follower();
  const HttpCall call{.method = "POST", .port = proxy.admin_port(), .target = "/v1/drain", .headers = {}, .body = ""};
  EXPECT_EQ(http_call(call).status, 403);
  EXPECT_EQ(proxy.health_status(), 200);
  proxy.kill_agent();
  std::ofstream(proxy.directory() / "state" / "drained") << "torn";
  proxy.start_agent();
  ASSERT_TRUE(wait_until([&] { return proxy.health_status() == 503; }, seconds(10))) << proxy.agent_log();
  EXPECT_THAT(message(proxy), StartsWith("drained since 20"));
  EXPECT_THAT(message(proxy), HasSubstr("cannot be read"));
  EXPECT_EQ(proxy.run("undrain").exit_code, 0);
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
}

}  // namespace
}  // namespace chorale::testing
