// Pods of Marathon 1.4 and later: routed as apps are, and never at the apps' cost.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class ClusterPodsTest : public ::testing::Test {
 protected:
  void start(const std::vector<std::string>& simulator, const std::string& more_config = "") {
    cluster_ = std::make_unique<RealCluster>(RealCluster::Options{.simulator = simulator, .more_config = more_config});
    ASSERT_TRUE(cluster_->start()) << cluster_->logs();
  }
  MarathonSimulator& marathon() { return cluster_->marathon(); }
  bool routed(const std::string& app) {
    return wait_until([&] { return cluster_->routed_everywhere(app); }, seconds(20));
  }
  bool gone(const std::string& app) {
    return wait_until([&] { return cluster_->routed_nowhere(app); }, seconds(20));
  }
  bool converged() {
    return wait_until([&] { return cluster_->converged(); }, seconds(30));
  }
  // The instances that answer on a proxy, of those that a few requests meet.
  static std::set<std::string> instances(Proxy& proxy, const std::string& pod) {
    std::set<std::string> seen;
    for (int i = 0; i < 12; ++i) seen.insert(proxy.get(pod + "/").headers["x-task"]);
    return seen;
  }
  bool has_instances(const std::string& pod, std::size_t count) {
    const auto everywhere = [&] {
      for (const auto& proxy : cluster_->proxies()) {
        const auto seen = instances(*proxy, pod);
        if (seen.size() != count || seen.contains("")) return false;
      }
      return true;
    };
    return wait_until(everywhere, seconds(20));
  }
  std::string leaders_message() {
    Proxy* leader = cluster_->leader();
    const json health = leader == nullptr ? json() : leader->health();
    return health.is_object() ? health.at("Status").get<std::string>() + ": " + health.at("Message").get<std::string>()
                              : "";
  }
  bool is_degraded_for(const std::string& why) {
    const auto said = [&] {
      const std::string message = leaders_message();
      return message.starts_with("degraded") && message.find(why) != std::string::npos;
    };
    return wait_until(said, seconds(20));
  }

  std::unique_ptr<RealCluster> cluster_;
};

class ClusterPodsDialectTest : public ClusterPodsTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(ClusterPodsDialectTest, APodIsRoutedScaledKilledAndDeletedAsAnAppIs) {
  start({"--version", GetParam()});
  ASSERT_TRUE(marathon().create("/web", 1));
  ASSERT_TRUE(marathon().create_pod("/shop/pod", 2, {{"healthChecks", 1}}));
  EXPECT_TRUE(routed("/shop/pod")) << cluster_->logs();
  EXPECT_TRUE(routed("/web")) << cluster_->logs();
  EXPECT_TRUE(has_instances("/shop/pod", 2)) << cluster_->logs();

  ASSERT_TRUE(converged()) << cluster_->logs();
  ASSERT_TRUE(marathon().settled(seconds(20)));
  ASSERT_TRUE(marathon().reset_stats());
  ASSERT_TRUE(marathon().scale("/shop/pod", 3));
  EXPECT_TRUE(has_instances("/shop/pod", 3)) << cluster_->logs();
  ASSERT_TRUE(converged()) << cluster_->logs();
  EXPECT_LE(marathon().requests("pod") + marathon().requests("pods") + marathon().requests("app"), 3)
      << marathon().stats().dump();
  EXPECT_EQ(marathon().requests("apps"), 0) << "no list of apps for it";

  const auto before = instances(cluster_->proxy(0), "/shop/pod");
  ASSERT_TRUE(marathon().kill_task("/shop/pod", 0, true));
  const auto replaced = [&] {
    const auto now = instances(cluster_->proxy(0), "/shop/pod");
    return now.size() == 3 && !now.contains("") && now != before;
  };
  EXPECT_TRUE(wait_until(replaced, seconds(20))) << cluster_->logs();

  ASSERT_TRUE(marathon().set_health("/shop/pod", false));
  EXPECT_TRUE(gone("/shop/pod")) << cluster_->logs();
  ASSERT_TRUE(marathon().set_health("/shop/pod", true));
  EXPECT_TRUE(has_instances("/shop/pod", 3)) << cluster_->logs();

  ASSERT_TRUE(marathon().destroy("/shop/pod"));
  EXPECT_TRUE(gone("/shop/pod")) << cluster_->logs();
  EXPECT_TRUE(cluster_->routed_everywhere("/web"));
  EXPECT_TRUE(converged()) << cluster_->logs();
}

INSTANTIATE_TEST_SUITE_P(Marathon, ClusterPodsDialectTest, ::testing::Values("1.4.13", "1.9.136"));

// Hosts and ports by labels, two containers of two networks' worth of endpoints.
TEST_F(ClusterPodsTest, LabelsChooseAmongTheEndpointsOfItsContainers) {
  start({});
  const json containers = {{{"name", "web"}, {"endpoints", {{{"name", "http"}, {"containerPort", 18'091}}}}},
                           {{"name", "side"}, {"endpoints", {{{"name", "admin"}, {"containerPort", 18'092}}}}}};
  const json networks = {{{"mode", "container"}, {"name", "overlay"}}};
  ASSERT_TRUE(marathon().create_pod("/first", 1, {{"containers", containers}, {"networks", networks}}));
  ASSERT_TRUE(marathon().create_pod(
      "/labelled", 1, {{"containers", containers}, {"networks", networks}, {"labels", {{"chorale.port", "admin"}}}}));
  ASSERT_TRUE(routed("/first")) << cluster_->logs();
  ASSERT_TRUE(routed("/labelled")) << cluster_->logs();
  EXPECT_NE(cluster_->proxy(0).get("/first/").body.find("port=18091 "), std::string::npos);
  EXPECT_NE(cluster_->proxy(0).get("/labelled/").body.find("port=18092 "), std::string::npos);
}

TEST_F(ClusterPodsTest, AnErrorOfTheirEndpointTakesNobodyAwayAndKeepsNoAppWaiting) {
  start({}, "resync_interval = \"1s\"\n");
  ASSERT_TRUE(marathon().create("/web", 1));
  ASSERT_TRUE(marathon().create_pod("/pod", 2, json::object()));
  ASSERT_TRUE(routed("/pod") && routed("/web")) << cluster_->logs();
  ASSERT_TRUE(converged()) << cluster_->logs();
  for (const char* kind : {"pods", "pod"}) ASSERT_TRUE(marathon().fault(kind, "status"));
  EXPECT_TRUE(is_degraded_for("/v2/pods::status: HTTP 500")) << leaders_message() << cluster_->logs();
  ASSERT_TRUE(marathon().create("/later", 1));
  EXPECT_TRUE(routed("/later")) << cluster_->logs();
  ASSERT_TRUE(marathon().destroy("/web"));
  EXPECT_TRUE(gone("/web")) << cluster_->logs();
  EXPECT_TRUE(cluster_->routed_everywhere("/pod"));

  // The next leader knows them from the routes alone.
  Proxy* old_leader = cluster_->leader();
  ASSERT_NE(old_leader, nullptr);
  old_leader->kill_agent();
  const auto other_leads = [&] {
    Proxy* leader = cluster_->leader();
    return leader != nullptr && leader != old_leader;
  };
  ASSERT_TRUE(wait_until(other_leads, seconds(30))) << cluster_->logs();
  EXPECT_TRUE(is_degraded_for("/v2/pods::status: HTTP 500")) << leaders_message() << cluster_->logs();
  ASSERT_TRUE(marathon().create("/last", 1));
  const auto last_is_routed = [&] { return cluster_->leader()->routes("/last"); };
  EXPECT_TRUE(wait_until(last_is_routed, seconds(20))) << cluster_->logs();
  EXPECT_TRUE(cluster_->routed_everywhere("/pod"));
  old_leader->start_agent();

  ASSERT_TRUE(marathon().clear_faults());
  ASSERT_TRUE(marathon().scale("/pod", 3));
  EXPECT_TRUE(has_instances("/pod", 3)) << cluster_->logs();
  EXPECT_TRUE(converged()) << leaders_message() << cluster_->logs();
}

TEST_F(ClusterPodsTest, AnEndpointThatHangsKeepsNoAppWaiting) {
  start({}, "resync_interval = \"1s\"\n");
  ASSERT_TRUE(marathon().create_pod("/pod", 1, json::object()));
  ASSERT_TRUE(routed("/pod")) << cluster_->logs();
  ASSERT_TRUE(marathon().fault("pods", "stalled"));
  ASSERT_TRUE(marathon().create("/web", 1));
  EXPECT_TRUE(wait_until([&] { return cluster_->routed_everywhere("/web"); }, seconds(5))) << cluster_->logs();
  EXPECT_TRUE(cluster_->routed_everywhere("/pod"));
}

TEST_F(ClusterPodsTest, AMarathonWithoutPodsIsNotAskedForThemAgain) {
  start({"--version", "1.3.14"}, "resync_interval = \"1s\"\n");
  ASSERT_TRUE(marathon().create("/web", 1));
  ASSERT_TRUE(routed("/web")) << cluster_->logs();
  ASSERT_TRUE(converged()) << cluster_->logs();
  ASSERT_TRUE(marathon().reset_stats());
  EXPECT_TRUE(wait_until([&] { return marathon().requests("apps") >= 3; }, seconds(20)));
  EXPECT_EQ(marathon().requests("pods"), 0);
  EXPECT_EQ(marathon().control("create_pod", {{"id", "/pod"}}).is_null(), true) << "it has none";
  ASSERT_FALSE(marathon().control("drop_streams").is_null());
  EXPECT_TRUE(wait_until([&] { return marathon().requests("pods") == 1; }, seconds(20))) << "it may be another one";
  EXPECT_TRUE(converged()) << cluster_->logs();
}

TEST_F(ClusterPodsTest, AreLeftOutWhereThePoolSaysSo) {
  start({}, "pods = false\nresync_interval = \"1s\"\n");
  ASSERT_TRUE(marathon().create_pod("/pod", 1, json::object()));
  ASSERT_TRUE(marathon().create("/web", 1));
  ASSERT_TRUE(routed("/web")) << cluster_->logs();
  ASSERT_TRUE(marathon().settled(seconds(20)));
  EXPECT_TRUE(wait_until([&] { return marathon().requests("apps") >= 3; }, seconds(20)));
  EXPECT_EQ(marathon().requests("pods") + marathon().requests("pod"), 0);
  EXPECT_TRUE(cluster_->routed_nowhere("/pod"));
}

}  // namespace
}  // namespace chorale::testing
