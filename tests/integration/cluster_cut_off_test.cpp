// One proxy loses ZooKeeper, or all do: a balancer loses those that serve what others have replaced, and never all.
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

const RealCluster::Options kCuttable{.zookeeper_relays = true};

class ClusterCutOffTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    ASSERT_TRUE(cluster_.marathon().create("/web", 1));
    ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && cluster_.converged(); }, seconds(10)));
    while (cut_ < 3 && &cluster_.proxy(cut_) == cluster_.leader()) ++cut_;
  }

  bool hears_nothing(std::size_t index) {
    const auto health = cluster_.proxy(index).health();
    return health.is_object() && health.at("ZooKeeper").at("Healthy") == false;
  }
  bool asked(std::size_t index) {
    return cluster_.proxy(index).agent_log().find("asks the other agents") != std::string::npos;
  }
  std::string message(std::size_t index) { return cluster_.proxy(index).health().at("Message").get<std::string>(); }

  RealCluster cluster_{kCuttable};
  std::size_t cut_ = 0;  // a follower
};

TEST_F(ClusterCutOffTest, OneIsTakenOutAndAllStayIn) {
  const std::size_t one = (cut_ + 1) % 3;
  const std::size_t two = (cut_ + 2) % 3;
  cluster_.zookeeper_relay(cut_).cut();
  ASSERT_TRUE(wait_until([&] { return hears_nothing(cut_); }, seconds(10)));
  ASSERT_TRUE(cluster_.marathon().create("/after", 1));
  const auto routed = [&] { return cluster_.proxy(one).routes("/after") && cluster_.proxy(two).routes("/after"); };
  ASSERT_TRUE(wait_until(routed, seconds(15))) << cluster_.logs();

  // Now all are: nobody knows better.
  cluster_.zookeeper_relay(one).cut();
  cluster_.zookeeper_relay(two).cut();
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(wait_until([&] { return asked(i); }, seconds(50))) << cluster_.logs();
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster_.proxy(i).health_status(), 200) << message(i);
    EXPECT_EQ(cluster_.proxy(i).health().at("Status"), "degraded");
  }

  // One is back, and has what the first lacks.
  cluster_.zookeeper_relay(one).heal();
  EXPECT_TRUE(wait_until([&] { return cluster_.proxy(cut_).health_status() == 503; }, seconds(40))) << message(cut_);
  EXPECT_NE(message(cut_).find("serves a newer revision"), std::string::npos) << message(cut_);
  EXPECT_TRUE(cluster_.proxy(cut_).routes("/web")) << "Nginx is left alone";
  EXPECT_EQ(cluster_.proxy(one).health_status(), 200);

  cluster_.zookeeper_relay(two).heal();
  cluster_.zookeeper_relay(cut_).heal();
  EXPECT_TRUE(wait_until([&] { return cluster_.converged() && cluster_.routed_everywhere("/after"); }, seconds(40)))
      << cluster_.logs();
}

// It was away while the routes moved on, and comes back without ZooKeeper.
TEST_F(ClusterCutOffTest, AnAgentThatStartsWithoutZooKeeperAsksThoseThatItRemembers) {
  cluster_.proxy(cut_).signal_agent(SIGTERM);
  ASSERT_TRUE(cluster_.proxy(cut_).agent_ended(seconds(10)));
  cluster_.zookeeper_relay(cut_).cut();
  ASSERT_TRUE(cluster_.marathon().create("/after", 1));
  const auto routed = [&] { return cluster_.proxy((cut_ + 1) % 3).routes("/after"); };
  ASSERT_TRUE(wait_until(routed, seconds(15))) << cluster_.logs();
  cluster_.proxy(cut_).start_agent();
  EXPECT_TRUE(wait_until([&] { return cluster_.proxy(cut_).admin_port() != 0; }, seconds(10)));
  EXPECT_TRUE(wait_until([&] { return cluster_.proxy(cut_).health_status() == 200; }, seconds(10))) << message(cut_);
  EXPECT_TRUE(wait_until([&] { return cluster_.proxy(cut_).health_status() == 503; }, seconds(50))) << message(cut_);
  EXPECT_NE(message(cut_).find("serves a newer revision"), std::string::npos) << message(cut_);
}

}  // namespace
}  // namespace chorale::testing
