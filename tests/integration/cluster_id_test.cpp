// Two proxies of one id: set up anew under its old name while the old one's session lives, or cloned.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

std::string config_of(const Proxy& proxy) {
  std::ifstream in(proxy.config_file());
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string host_name() {
  std::array<char, 256> name{};
  EXPECT_EQ(::gethostname(name.data(), name.size() - 1), 0);
  return name.data();
}

// proxy-2 comes back under the id of proxy-1.
class ClusterIdTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    ASSERT_TRUE(cluster_.marathon().create("/web", 1));
    ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && cluster_.converged(); }, seconds(20)))
        << cluster_.logs();
    second().signal_agent(SIGTERM);
    ASSERT_TRUE(second().agent_ended(seconds(5)));
  }

  static std::filesystem::path instance_of(const Proxy& proxy) {
    static const std::regex kStateDir("state_dir = \"([^\"]*)\"");
    std::smatch found;
    const std::string text = config_of(proxy);
    EXPECT_TRUE(std::regex_search(text, found, kStateDir)) << text;
    return std::filesystem::path(found[1].str()) / "instance";
  }
  void start_second_as_first() {
    second().start_agent_with(
        std::regex_replace(config_of(second()), std::regex("\nid = [^\n]*"), "\nid = \"proxy-1\""));
  }
  bool second_says(const std::string& text) {
    return wait_until([&] { return second().agent_log().find(text) != std::string::npos; }, seconds(20));
  }
  // As the agent that is registered as proxy-1 says itself.
  static bool is_ok(const Proxy& proxy) {
    const auto health = proxy.health();
    return health.is_object() && health.at("Status") == "ok" && health.at("Cluster").at("Id") == "proxy-1";
  }

  Proxy& first() { return cluster_.proxy(0); }
  Proxy& second() { return cluster_.proxy(1); }

  RealCluster cluster_{RealCluster::Options{.proxies = 2}};
};

TEST_F(ClusterIdTest, WaitsForTheOneThatHasItAndComesBackByItself) {
  start_second_as_first();
  ASSERT_TRUE(second_says("uses the id proxy-1")) << second().agent_log();
  EXPECT_TRUE(is_ok(first())) << cluster_.logs();
  EXPECT_TRUE(wait_until([&] { return second().health_status() == 503; }, seconds(5))) << second().agent_log();
  first().kill_agent();
  ASSERT_TRUE(wait_until([&] { return is_ok(second()); }, seconds(20))) << cluster_.logs();
  ASSERT_TRUE(cluster_.marathon().create("/later", 1));
  EXPECT_TRUE(wait_until([&] { return second().routes("/later"); }, seconds(20))) << cluster_.logs();
}

TEST_F(ClusterIdTest, CloneIsRefusedAndTheOriginalGoesOn) {
  ASSERT_TRUE(std::filesystem::copy_file(instance_of(first()), instance_of(second()),
                                         std::filesystem::copy_options::overwrite_existing));
  start_second_as_first();
  ASSERT_TRUE(second().agent_ended(seconds(20))) << cluster_.logs();
  EXPECT_NE(second().agent_log().find("a clone of this machine runs, with the same id proxy-1"), std::string::npos)
      << second().agent_log();
  EXPECT_NE(second().agent_log().find(host_name()), std::string::npos) << second().agent_log();
  EXPECT_TRUE(wait_until([&] { return is_ok(first()); }, seconds(20))) << cluster_.logs();
  ASSERT_TRUE(cluster_.marathon().create("/later", 1));
  EXPECT_TRUE(wait_until([&] { return first().routes("/later"); }, seconds(20))) << cluster_.logs();
  EXPECT_TRUE(second().routes("/web")) << "its Nginx goes on";
}

// The failover lengthens the life of the old session, and the new configuration has a shorter one: it is still there
// when the new agent has waited for long enough to take it for somebody else's.
TEST(ClusterNewInstanceTest, AProxySetUpAnewDuringAFailoverOfZooKeeperIsDownUntilItsOldSessionEnds) {
  RealCluster cluster(RealCluster::Options{.proxies = 2, .session_timeout = "12s"});
  ASSERT_TRUE(cluster.start()) << cluster.logs();
  ASSERT_TRUE(cluster.marathon().create("/web", 1));
  ASSERT_TRUE(wait_until([&] { return cluster.routed_everywhere("/web") && cluster.converged(); }, seconds(20)));
  Proxy& anew = cluster.leader() == &cluster.proxy(0) ? cluster.proxy(1) : cluster.proxy(0);
  anew.kill_agent();
  ASSERT_GT(std::filesystem::remove_all(anew.directory() / "state"), 0U);
  cluster.zookeeper().kill();
  anew.start_agent_with(
      std::regex_replace(config_of(anew), std::regex("session_timeout = \"12s\""), "session_timeout = \"2s\""));
  ASSERT_TRUE(wait_until([&] { return anew.admin_port() != 0; }, seconds(10))) << anew.agent_log();
  ASSERT_TRUE(cluster.zookeeper().start());
  const auto began = std::chrono::steady_clock::now();
  const auto waits = [&] { return anew.agent_log().find("uses the id " + anew.id()) != std::string::npos; };
  ASSERT_TRUE(wait_until(waits, seconds(30))) << anew.agent_log();
  EXPECT_NE(anew.agent_log().find(host_name()), std::string::npos) << anew.agent_log();
  EXPECT_EQ(anew.health_status(), 503) << anew.health().dump(2);
  EXPECT_TRUE(anew.routes("/web")) << "Nginx is left alone";
  EXPECT_TRUE(wait_until([&] { return cluster.converged(); }, seconds(30))) << cluster.logs();
  RecordProperty(
      "came_up_ms",
      static_cast<int>(
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count()));
  EXPECT_FALSE(anew.agent_ended(std::chrono::milliseconds(0)));
  ASSERT_TRUE(cluster.marathon().create("/later", 1));
  EXPECT_TRUE(wait_until([&] { return cluster.routed_everywhere("/later"); }, seconds(20))) << cluster.logs();
}

}  // namespace
}  // namespace chorale::testing
