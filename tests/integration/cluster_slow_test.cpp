// One proxy whose `nginx -t` takes long, or hangs: the others are not slowed, and changes go on.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/integration/led_cluster.h"

namespace chorale::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class ClusterSlowTest : public LedClusterTest {
 protected:
  ClusterSlowTest() : LedClusterTest({.delays_tests = true}) {}

  Proxy& follower() {
    return **std::find_if(cluster_.proxies().begin(), cluster_.proxies().end(),
                          [&](const auto& proxy) { return proxy.get() != leader_; });
  }
  // How long it takes until a new app answers on every proxy but `but`.
  milliseconds route(const std::string& app, const Proxy& but) {
    const auto begin = steady_clock::now();
    EXPECT_TRUE(cluster_.marathon().create(app, 1));
    const auto routed = [&] {
      return std::all_of(cluster_.proxies().begin(), cluster_.proxies().end(),
                         [&](const auto& proxy) { return proxy.get() == &but || proxy->routes(app); });
    };
    EXPECT_TRUE(wait_until(routed, seconds(60))) << app << "\n" << cluster_.logs();
    const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
    RecordProperty("ms" + std::string(app), static_cast<int>(took.count()));
    return took;
  }
};

TEST_F(ClusterSlowTest, SlowFollowerDoesNotSlowTheOthersAndGoesOnByItself) {
  Proxy& slow = follower();
  slow.delay_tests(milliseconds(2'500));
  (void)route("/learns", slow);
  for (const char* app : {"/a", "/b", "/c", "/d"}) {
    EXPECT_LT(route(app, slow), milliseconds(1'500)) << app << "\n" << cluster_.logs();
  }
  const auto shown_late = [&] {
    const auto cluster = status();
    if (!cluster.is_object()) return false;
    for (const auto& agent : cluster.at("agents")) {
      if (agent.at("role") == "leader" && agent.at("late") == nlohmann::json::array({slow.id()})) return true;
    }
    return false;
  };
  EXPECT_TRUE(wait_until(shown_late, seconds(10))) << status().dump(2);
  EXPECT_TRUE(wait_until([&] { return slow.routes("/d"); }, seconds(20))) << slow.agent_log();
  slow.delay_tests(milliseconds(0));
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
}

TEST_F(ClusterSlowTest, SlowFollowerIsNotStarvedBySteadyChange) {
  Proxy& slow = follower();
  slow.delay_tests(milliseconds(2'500));
  int apps = 0;
  const auto next = [&apps] { return "/steady-" + std::to_string(apps); };
  const auto end = steady_clock::now() + seconds(15);
  int applied = 0;
  std::int64_t last = 0;
  while (steady_clock::now() < end) {
    ++apps;
    (void)route(next(), slow);
    const auto health = slow.health();
    const std::int64_t now = health.is_object() ? health.at("Cluster").at("Applied").get<std::int64_t>() : last;
    if (now > last) ++applied;
    last = std::max(last, now);
  }
  EXPECT_GE(applied, 3) << "of " << apps << " changes in 15 s\n" << slow.agent_log();
  slow.delay_tests(milliseconds(0));
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
}

TEST_F(ClusterSlowTest, LeaderWhoseTestHangsHandsOverAndChangesGoOn) {
  Proxy& hanging = *leader_;
  hanging.delay_tests(seconds(45));
  EXPECT_LT(route("/cut-once", hanging), seconds(5)) << cluster_.logs();
  EXPECT_LT(route("/cut-twice", hanging), seconds(5)) << cluster_.logs();
  EXPECT_TRUE(wait_until(
      [&] {
        const Proxy* next = cluster_.leader();
        return next != nullptr && next != &hanging;
      },
      seconds(20)))
      << cluster_.logs();
  (void)route("/learns", hanging);
  EXPECT_LT(route("/goes-on", hanging), milliseconds(1'500)) << cluster_.logs();
}

}  // namespace
}  // namespace chorale::testing
