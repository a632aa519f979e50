// `chorale status` on a real cluster: what scripts take from it, and what it says where ZooKeeper is away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ClusterStatusTest : public ::testing::Test {
 protected:
  ClusterStatusTest() : cluster_(RealCluster::Options{.proxies = 2}) {}
  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    ASSERT_TRUE(cluster_.marathon().create("/web", 1));
    ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && cluster_.converged(); }, seconds(20)));
  }
  [[nodiscard]] Proxy& follower() {
    return cluster_.leader() == &cluster_.proxy(0) ? cluster_.proxy(1) : cluster_.proxy(0);
  }
  Proxy::Ran status(const std::string& argument = "") { return cluster_.proxy(0).run("status", argument); }

  RealCluster cluster_;
};

TEST_F(ClusterStatusTest, EndsWith0OnlyWhereAllIsWell) {
  Proxy::Ran ran = status();
  EXPECT_EQ(ran.exit_code, 0) << ran.output;
  EXPECT_THAT(ran.output, StartsWith("leader "));
  EXPECT_EQ(nlohmann::json::parse(status("--json").output, nullptr, false).at("well"), true);
  const auto page = http_get(cluster_.proxy(0).admin_port(), "/v1/status").body;
  EXPECT_EQ(nlohmann::json::parse(page, nullptr, false).at("well"), true);

  cluster_.proxy(1).signal_agent(SIGTERM);
  ASSERT_TRUE(cluster_.proxy(1).agent_ended(seconds(10)));
  EXPECT_TRUE(wait_until(
      [&] {
        ran = status();
        return ran.exit_code == 1 && ran.output.find("MISSING     proxy-2: its agent is not registered") == 0;
      },
      seconds(10)))
      << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("chorale forget proxy-2"));
}

TEST_F(ClusterStatusTest, AnAgentThatIsNotOkIsNamedWithItsReason) {
  Proxy& ill = follower();
  ill.nginx().stop();
  Proxy::Ran ran;
  EXPECT_TRUE(wait_until(
      [&] {
        ran = status();
        return ran.exit_code == 1 && ran.output.find(ill.id() + "  follower  down    down ") != std::string::npos;
      },
      seconds(20)))
      << ran.output;
  EXPECT_THAT(ran.output, StartsWith("DOWN        " + ill.id() + ": there is no pid file"));
  EXPECT_THAT(ran.output, HasSubstr("On that proxy:"));
  EXPECT_THAT(ran.output, Not(HasSubstr("\n  - there is no pid file")));  // once
}

TEST_F(ClusterStatusTest, WithoutZookeeperItSaysWhatTheAgentKnowsAndHowOldThatIs) {
  cluster_.zookeeper().kill();
  Proxy::Ran ran;
  EXPECT_TRUE(wait_until(
      [&] {
        ran = status();
        return ran.output.find("as it was ") != std::string::npos;
      },
      seconds(30)))
      << ran.output;
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_THAT(ran.output, AllOf(StartsWith("ZooKeeper cannot be reached"), HasSubstr("agent       proxy-1, "),
                                HasSubstr("degraded: "), HasSubstr("serves      revision "), Not(HasSubstr("AGENT "))));
  const Proxy::Ran as_json = status("--json");
  EXPECT_EQ(as_json.exit_code, 3);
  const auto json = nlohmann::json::parse(as_json.output, nullptr, false);
  ASSERT_TRUE(json.is_object()) << as_json.output;
  EXPECT_EQ(json.at("local").at("Cluster").at("Id"), "proxy-1");
  EXPECT_FALSE(json.at("local").at("Cluster").at("AsOf").get<std::string>().empty());

  cluster_.proxy(0).kill_agent();
  ran = status();
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_THAT(ran.output, HasSubstr("the agent of this proxy does not answer either"));
}

}  // namespace
}  // namespace chorale::testing
