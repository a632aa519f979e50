// Marathon is found by its own election in ZooKeeper: marathon = "zk://.../marathon", and its leader changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"
#include "tests/harness/zookeeper_tree.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ClusterElectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    ASSERT_TRUE(cluster_.marathon().create("/web", 1));
    ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && cluster_.converged(); }, seconds(10)))
        << cluster_.logs();
  }

  std::string node(std::size_t index) { return "http://" + cluster_.marathon_relay(index).address(); }
  bool leave(const std::string& name) {
    return ZookeeperTree(cluster_.zookeeper().address()).remove("/marathon/leader/" + name);
  }
  // The endpoints in the health of a proxy, in their order: "http://a http://b ".
  std::string endpoints(Proxy& proxy) {
    std::string text;
    const auto health = proxy.health();
    if (!health.is_object()) return text;
    for (const auto& endpoint : health.at("Endpoints")) text += endpoint.at("Endpoint").get<std::string>() + " ";
    return text;
  }
  bool all_say(const std::string& wanted) {
    for (const auto& proxy : cluster_.proxies()) {
      if (endpoints(*proxy) != wanted) return false;
    }
    return true;
  }

  RealCluster cluster_{RealCluster::Options{.marathon_election = true}};
};

TEST_F(ClusterElectionTest, NodesAreKnownToEveryAgentTheLeaderFirst) {
  EXPECT_TRUE(wait_until([&] { return all_say(node(0) + " " + node(1) + " "); }, seconds(10))) << cluster_.logs();
}

TEST_F(ClusterElectionTest, NextLeaderIsFollowedWhenTheOldOneDies) {
  cluster_.marathon_relay(0).cut();
  ASSERT_TRUE(leave("member_0000000001"));
  ASSERT_TRUE(wait_until([&] { return all_say(node(1) + " "); }, seconds(10))) << cluster_.logs();
  ASSERT_TRUE(cluster_.marathon().create("/next", 1));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/next") && cluster_.converged(); }, seconds(10)))
      << cluster_.logs();
  EXPECT_TRUE(cluster_.routed_everywhere("/web"));
}

// Cut off, it keeps its streams open, and silent: nothing of it would be noticed before 25 s have passed. Here the
// latch elects, as in later versions, and points to its leader where the members of old stand.
TEST_F(ClusterElectionTest, NextLeaderIsFollowedWhileTheOldOneIsSilent) {
  cluster_.marathon_relay(0).swallow_replies(true);
  ASSERT_TRUE(cluster_.stand_in_election("member_-00000000", cluster_.marathon_relay(1).address()));
  ASSERT_TRUE(wait_until([&] { return all_say(node(1) + " " + node(0) + " "); }, seconds(10))) << cluster_.logs();
  ASSERT_TRUE(cluster_.marathon().create("/next", 1));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/next"); }, seconds(10))) << cluster_.logs();
}

TEST_F(ClusterElectionTest, ElectionThatCannotBeReadIsSaidAndFollowingGoesOn) {
  ASSERT_TRUE(leave("member_0000000001") && leave("member_0000000002"));
  const auto says_so = [&] {
    return cluster_.proxy(0).health().dump().find("no node of Marathon stands in the election at /marathon") !=
           std::string::npos;
  };
  ASSERT_TRUE(wait_until(says_so, seconds(10))) << cluster_.logs();
  ASSERT_TRUE(cluster_.marathon().create("/next", 1));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/next"); }, seconds(10)))
      << "the addresses known last are used on\n"
      << cluster_.logs();
  EXPECT_EQ(cluster_.proxy(0).health_status(), 200);
}

TEST_F(ClusterElectionTest, CheckReadsTheElectionToo) {
  const auto ran = cluster_.proxy(0).run("check");
  EXPECT_THAT(ran.output, AllOf(HasSubstr("ok    marathon: the election at zk://"), HasSubstr("is led by " + node(0)),
                                HasSubstr("ok    marathon: " + node(1) + " answers"), HasSubstr("ok    policy: ")));
  ASSERT_TRUE(leave("member_0000000001") && leave("member_0000000002"));
  const auto nobody = cluster_.proxy(0).run("check");
  EXPECT_THAT(nobody.output, HasSubstr("shows no node; is this Marathon's --zk"));
  EXPECT_EQ(nobody.exit_code, 3) << nobody.output;
}

}  // namespace
}  // namespace chorale::testing
