// ZooKeeper goes and comes back: Nginx is never touched, agents resume by themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/harness/real_cluster.h"
#include "tests/harness/secret_scan.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class ClusterZookeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    ASSERT_TRUE(cluster_.marathon().create("/web", 2));
    ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && cluster_.converged(); }, seconds(10)));
  }

  // Every agent says "degraded" because of ZooKeeper, and still answers 200: the proxies serve.
  bool degraded_everywhere() {
    for (const auto& proxy : cluster_.proxies()) {
      const auto health = proxy->health();
      if (!health.is_object() || health.at("Status") != "degraded" || proxy->health_status() != 200) return false;
      if (health.at("ZooKeeper").at("Healthy") != false) return false;
    }
    return true;
  }

  RealCluster cluster_;
};

TEST_F(ClusterZookeeperTest, RestartWithItsDataTouchesNoNginx) {
  std::vector<std::filesystem::file_time_type> written;
  std::vector<std::vector<pid_t>> workers;
  for (const auto& proxy : cluster_.proxies()) {
    written.push_back(std::filesystem::last_write_time(proxy->nginx().config_file()));
    workers.push_back(proxy->nginx().worker_pids());
  }
  cluster_.zookeeper().kill();
  EXPECT_TRUE(wait_until([&] { return degraded_everywhere(); }, seconds(10))) << cluster_.logs();
  EXPECT_TRUE(cluster_.routed_everywhere("/web"));
  ASSERT_TRUE(cluster_.zookeeper().start());
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(30))) << cluster_.logs();
  for (std::size_t i = 0; i < cluster_.proxies().size(); ++i) {
    EXPECT_EQ(std::filesystem::last_write_time(cluster_.proxy(i).nginx().config_file()), written[i]);
    // Those of the last reload may have been leaving still; none is new.
    for (const pid_t worker : cluster_.proxy(i).nginx().worker_pids()) EXPECT_THAT(workers[i], Contains(worker));
  }
  ASSERT_TRUE(cluster_.marathon().create("/after", 1));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/after"); }, seconds(10))) << cluster_.logs();
}

TEST_F(ClusterZookeeperTest, WipedEnsembleIsFilledAgainAndNeverEmptiesAProxy) {
  cluster_.zookeeper().kill();
  cluster_.zookeeper().wipe();
  ASSERT_TRUE(cluster_.zookeeper().start());
  bool lost = false;
  EXPECT_TRUE(wait_until(
      [&] {
        lost = lost || !cluster_.routed_everywhere("/web");
        return cluster_.converged();
      },
      seconds(40)))
      << cluster_.logs();
  EXPECT_FALSE(lost);
  ASSERT_TRUE(cluster_.marathon().create("/after", 1));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/after"); }, seconds(10))) << cluster_.logs();
}

// The worst of mornings: ZooKeeper and Marathon were set up anew, and a new proxy is there before the others.
TEST_F(ClusterZookeeperTest, FreshProxyAloneWithAWipedEnsembleAndAWipedMarathonEmptiesNobody) {
  for (const auto& proxy : cluster_.proxies()) proxy->signal_agent(SIGSTOP);
  cluster_.zookeeper().kill();
  cluster_.zookeeper().wipe();
  ASSERT_TRUE(cluster_.zookeeper().start());
  cluster_.marathon().kill();
  ASSERT_TRUE(cluster_.marathon().start());
  const Proxy* fresh = cluster_.add_proxy();
  ASSERT_NE(fresh, nullptr);
  ASSERT_TRUE(wait_until([&] { return fresh->agent_log().find("the first state has no apps") != std::string::npos; },
                         seconds(20)))
      << cluster_.logs();
  // Their backends died with Marathon: what is looked at is that they are still routed.
  const auto route_kept = [&] {
    for (const auto& proxy : cluster_.proxies()) {
      if (proxy.get() != fresh && proxy->get("/web/").status != 502) return false;
    }
    return true;
  };
  ASSERT_TRUE(route_kept());
  for (const auto& proxy : cluster_.proxies()) {
    if (proxy.get() != fresh) proxy->signal_agent(SIGCONT);
  }
  bool lost = false;
  EXPECT_TRUE(wait_until(
      [&] {
        lost = lost || !route_kept();
        return fresh->get("/web/").status == 502;
      },
      seconds(40)))
      << cluster_.logs();
  EXPECT_FALSE(lost);
}

// The tree was made with credentials; one proxy was set up without.
class ClusterRightsTest : public ::testing::Test {
 protected:
  // `chorale check` on that configuration.
  std::string check(const std::string& config) {
    const auto file = directory_.path() / "chorale.toml";
    std::ofstream(file) << config;
    const auto output = directory_.path() / "output";
    ChildProcess process({CHORALE_BINARY, "check", "-f", file.string()}, output);
    EXPECT_TRUE(process.wait(seconds(30)));
    return text_of(output);
  }
  static std::string text_of(const std::filesystem::path& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  RealCluster cluster_{RealCluster::Options{.proxies = 2, .zookeeper_user = "jo:s3cret"}};
  TempDir directory_{"rights"};
};

TEST_F(ClusterRightsTest, AgentThatMayNotRegisterIsDegradedAndCheckSaysSo) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  Proxy& odd = cluster_.proxy(1);
  const std::string config = text_of(odd.config_file());
  EXPECT_THAT(check(config), HasSubstr("ok    zookeeper: this agent may register and lead below /chorale"));
  EXPECT_THAT(check(config), Not(HasSubstr("  id: ")));
  const std::string twin = std::regex_replace(config, std::regex("id = \"proxy-2\""), "id = \"proxy-1\"");
  EXPECT_THAT(check(twin), HasSubstr("fail  id: \"proxy-1\" is registered by another agent, on "));

  odd.signal_agent(SIGTERM);
  ASSERT_TRUE(odd.agent_ended(seconds(10)));
  const std::string without = std::regex_replace(config, std::regex("jo:s3cret@"), "");
  EXPECT_THAT(check(without), HasSubstr("fail  zookeeper: create /chorale/election/check-"));
  odd.start_agent_with(without);
  const auto named = [&] {
    const auto health = odd.health();
    return health.is_object() && health.at("Status") == "degraded" && odd.health_status() == 200 &&
           health.at("Message").get<std::string>().find("not registered in ZooKeeper: ") != std::string::npos;
  };
  EXPECT_TRUE(wait_until(named, seconds(20))) << odd.health().dump(2) << odd.agent_log();
  EXPECT_THAT(http_get(odd.admin_port(), "/v1/metrics").body, HasSubstr("chorale_registered 0\n"));
  EXPECT_THAT(http_get(cluster_.proxy(0).admin_port(), "/v1/metrics").body, HasSubstr("chorale_registered 1\n"));
  // It may read: it follows, and is not down.
  ASSERT_TRUE(cluster_.marathon().create("/after", 1));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/after"); }, seconds(20))) << cluster_.logs();
  EXPECT_EQ(leaked_secrets(cluster_, {{"s3cret"}}), "");
}

}  // namespace
}  // namespace chorale::testing
