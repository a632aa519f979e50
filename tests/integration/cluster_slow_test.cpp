// One proxy whose `nginx -t` takes long, or hangs: the others are not slowed, and changes go on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
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

// The last proxy's Nginx belongs to another user, and the agents may not signal other users' processes: it is told to
// reload by `nginx -s reload`. That, and `nginx -t`, hang as long as a file is there.
class ClusterHungTest : public ::testing::Test {
 protected:
  static RealCluster::Options options(const std::filesystem::path& directory) {
    const std::string script = directory / "nginx";
    std::ofstream(script) << "#!/bin/sh\nhang() { while [ -e " << directory.string()
                          << "/$1 ]; do sleep 0.1; done; }\ncase \" $* \" in\n*' -t '*) hang test ;;\n"
                          << "*' -s '*) hang reload; exec setpriv --reuid nobody --clear-groups \"$@\" ;;\nesac\n"
                          << "exec \"$@\"\n";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    RealCluster::Options options;
    options.last_nginx_cmd = script + " ";
    options.last_nginx_user = "nobody";
    options.agent_cmd = {"setpriv", "--bounding-set=-kill", "--inh-caps=-kill"};
    return options;
  }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "Nginx may not be run as another user";
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  }
  void hang(const std::string& what) { std::ofstream(directory_.path() / what) << "hangs\n"; }
  void go_on(const std::string& what) { std::filesystem::remove(directory_.path() / what); }
  bool others_route(const std::string& app) { return cluster_.proxy(0).routes(app) && cluster_.proxy(1).routes(app); }
  std::string message() { return hung().health().value("Message", ""); }
  // Longer than a session: the agent answers at once, and ZooKeeper hears from it.
  void expect_responsive() {
    milliseconds longest{0};
    EXPECT_FALSE(wait_until(
        [&] {
          const auto begin = steady_clock::now();
          const auto health = hung().health();
          longest = std::max(longest, std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin));
          return !health.is_object() || health.at("ZooKeeper").at("Healthy") != true;
        },
        seconds(5)))
        << hung().agent_log();
    EXPECT_LT(longest, milliseconds(1'000));
    RecordProperty("longest_answer_ms", static_cast<int>(longest.count()));
  }
  void expect_healed(const std::string& app) {
    const auto begin = steady_clock::now();
    EXPECT_TRUE(wait_until([&] { return hung().routes(app) && cluster_.converged(); }, seconds(30)))
        << hung().health().dump(2) << cluster_.logs();
    RecordProperty("healed_ms" + app.substr(1),
                   static_cast<int>(std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin).count()));
  }
  Proxy& hung() { return cluster_.proxy(2); }

  TempDir directory_{"hung"};
  RealCluster cluster_{options(directory_.path())};
};

TEST_F(ClusterHungTest, HungTestAndReloadAreNamedAndHealWhenTheyGoOn) {
  hang("reload");
  ASSERT_TRUE(cluster_.marathon().create("/one", 1));
  ASSERT_TRUE(wait_until([&] { return others_route("/one"); }, seconds(20))) << cluster_.logs();
  hang("test");
  ASSERT_TRUE(cluster_.marathon().create("/two", 1));
  ASSERT_TRUE(wait_until([&] { return others_route("/two"); }, seconds(20))) << cluster_.logs();
  EXPECT_FALSE(hung().routes("/one"));
  expect_responsive();
  // Both hang as long as they may, a minute: that is not waited for.
  EXPECT_TRUE(wait_until([&] { return message().find("does not end") != std::string::npos; }, seconds(25)))
      << hung().health().dump(2);
  EXPECT_TRUE(wait_until([&] { return hung().health_status() == 503; }, seconds(30))) << hung().health().dump(2);
  EXPECT_NE(message().find("nginx -t does not end"), std::string::npos) << message();
  go_on("reload");
  go_on("test");
  expect_healed("/two");
}

}  // namespace
}  // namespace chorale::testing
