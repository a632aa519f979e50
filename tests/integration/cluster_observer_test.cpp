// An agent with apply = false beside an Nginx that another program configures: it follows, and touches nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"
#include "tests/harness/zookeeper_tree.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool is_ok(const Proxy& proxy) {
  const nlohmann::json health = proxy.health();
  return health.is_object() && health.value("Status", "") == "ok";
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

class ClusterObserverTest : public ::testing::Test {
 protected:
  ClusterObserverTest() : cluster_(RealCluster::Options{.proxies = 2}) {}

  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    observer_ = cluster_.add_proxy("apply = false\n");
    ASSERT_NE(observer_, nullptr);
    foreign_ = read(observer_->nginx().config_file());
    files_ = files_of_nginx();
    ASSERT_TRUE(wait_until([&] { return observer_->nginx().worker_pids().size() == 2; }, seconds(10)));
    workers_ = observer_->nginx().worker_pids();
    ASSERT_TRUE(wait_until([&] { return is_ok(*observer_); }, seconds(20))) << cluster_.logs();
  }

  [[nodiscard]] bool routed(const std::string& app) {
    return cluster_.proxy(0).routes(app) && cluster_.proxy(1).routes(app);
  }
  [[nodiscard]] std::filesystem::path shadow_file() const { return observer_->directory() / "state" / "shadow.conf"; }
  // Until it routes the app, as far as the text says.
  [[nodiscard]] bool shadows(const std::string& app) {
    return wait_until([&] { return read(shadow_file()).find("location " + app + "/") != std::string::npos; },
                      seconds(20));
  }
  [[nodiscard]] std::set<std::string> files_of_nginx() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(observer_->nginx().directory())) {
      names.insert(entry.path().filename());
    }
    return names;
  }
  void expect_untouched() {
    EXPECT_EQ(read(observer_->nginx().config_file()), foreign_);
    EXPECT_EQ(files_of_nginx(), files_);
    EXPECT_EQ(observer_->nginx().worker_pids(), workers_) << "it was reloaded";
    EXPECT_EQ(observer_->nginx().answer(), "foreign");
  }
  // Without what differs from proxy to proxy.
  static std::string without_local_values(std::string text, Proxy& proxy) {
    replace_all(text, proxy.nginx().directory(), "DIRECTORY");
    replace_all(text, ":" + std::to_string(proxy.nginx().port()), ":PORT");
    replace_all(text, proxy.id(), "ID");
    std::string kept;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.find("/.chorale/proof") == std::string::npos) kept += line + "\n";  // it holds a mark of the whole text
    }
    return kept;
  }

  RealCluster cluster_;
  Proxy* observer_ = nullptr;
  std::string foreign_;
  std::set<std::string> files_;
  std::vector<pid_t> workers_;
};

TEST_F(ClusterObserverTest, WritesWhatTheOthersServeAndTouchesNoNginx) {
  ASSERT_TRUE(cluster_.marathon().create("/one", 1));
  ASSERT_TRUE(shadows("/one")) << observer_->agent_log();
  ASSERT_TRUE(wait_until([&] { return routed("/one"); }, seconds(20))) << cluster_.logs();
  EXPECT_TRUE(wait_until(
      [&] {
        return without_local_values(read(shadow_file()), *observer_) ==
               without_local_values(read(cluster_.proxy(0).nginx().config_file()), cluster_.proxy(0));
      },
      seconds(10)))
      << read(shadow_file());
  EXPECT_THAT(read(shadow_file()), StartsWith("# chorale "));
  EXPECT_THAT(read(shadow_file()), HasSubstr(observer_->nginx().pid_file()));
  expect_untouched();

  const nlohmann::json health = observer_->health();
  EXPECT_EQ(health.at("Status"), "ok") << health.dump(2);
  EXPECT_THAT(health.at("Message").get<std::string>(), HasSubstr("writes shadow.conf, touches no Nginx"));
  EXPECT_EQ(health.at("Cluster").at("Role"), "observer");
  EXPECT_EQ(health.at("Cluster").at("Applied"), 0);
  EXPECT_EQ(health.at("Cluster").at("Shadow"), health.at("Cluster").at("Committed"));
  const std::string status = cluster_.proxy(0).run("status").output;
  EXPECT_THAT(status, ::testing::ContainsRegex("proxy-3 +observer +ok"));
  ZookeeperTree tree(cluster_.zookeeper().address());
  const auto said = nlohmann::json::parse(tree.read("/chorale/agents/proxy-3").value_or("{}"));
  EXPECT_EQ(said.at("apply"), false);
  EXPECT_EQ(said.at("lead"), false);
  EXPECT_TRUE(said.at("vote").is_null() && said.at("applied").is_null()) << said.dump(2);
  EXPECT_THAT(tree.list("/chorale/members"), UnorderedElementsAre("proxy-1", "proxy-2"));

  // What the file in service has otherwise, and what it would have.
  EXPECT_EQ(observer_->run("compare", shadow_file()).exit_code, 0);
  const Proxy::Ran reload = observer_->run("reload");
  EXPECT_NE(reload.exit_code, 0);
  EXPECT_THAT(reload.output, HasSubstr("apply = false: this agent touches no Nginx"));
  const Proxy::Ran check = observer_->run("check");
  EXPECT_EQ(check.exit_code, 0) << check.output;
  EXPECT_THAT(check.output, HasSubstr("ok    apply: false: " + shadow_file().string() + " is written"));
  EXPECT_THAT(check.output, HasSubstr("a sample state passes"));
  EXPECT_THAT(check.output, Not(HasSubstr("runs as process")));
  expect_untouched();
}

// Frozen, it is silent; the others go on as if it were not there.
TEST_F(ClusterObserverTest, NobodyWaitsForItAndItDoesNotLead) {
  observer_->signal_agent(SIGSTOP);
  // Its session outlives the changes, so that it stays registered.
  for (const char* app : {"/a", "/b", "/c"}) {
    const auto begin = steady_clock::now();
    ASSERT_TRUE(cluster_.marathon().create(app, 1));
    ASSERT_TRUE(wait_until([&] { return routed(app); }, seconds(20))) << cluster_.logs();
    EXPECT_LT(steady_clock::now() - begin, seconds(2)) << app << ": stage_timeout is 3 s\n" << cluster_.logs();
  }
  observer_->signal_agent(SIGCONT);
  ASSERT_TRUE(shadows("/c")) << observer_->agent_log();
  cluster_.proxy(0).kill_agent();
  cluster_.proxy(1).kill_agent();
  const auto leaderless = [&] {
    const nlohmann::json health = observer_->health();
    return health.is_object() && health.at("Message").get<std::string>().find("no leader since") == 0;
  };
  EXPECT_TRUE(wait_until(leaderless, seconds(30))) << observer_->health().dump(2);
  EXPECT_EQ(observer_->health_status(), 200);
  EXPECT_EQ(cluster_.leader(), nullptr);
  EXPECT_THAT(observer_->agent_log(), Not(HasSubstr("leading in epoch")));
  expect_untouched();
}

TEST_F(ClusterObserverTest, AppliesAfterARestartAndKeepsWhatStoodThere) {
  ASSERT_TRUE(cluster_.marathon().create("/one", 1));
  ASSERT_TRUE(shadows("/one")) << observer_->agent_log();
  const std::string config = read(observer_->config_file());
  std::string applying = config;
  replace_all(applying, "apply = false\n", "");
  std::ofstream(observer_->config_file()) << applying;
  observer_->signal_agent(SIGHUP);
  ASSERT_TRUE(wait_until([&] { return observer_->agent_log().find("at the next start: apply") != std::string::npos; },
                         seconds(10)))
      << observer_->agent_log();
  expect_untouched();
  observer_->signal_agent(SIGTERM);
  ASSERT_TRUE(observer_->agent_ended(seconds(10)));
  observer_->start_agent_with(applying);
  ASSERT_TRUE(wait_until([&] { return observer_->routes("/one") && cluster_.converged(); }, seconds(20)))
      << cluster_.logs();
  EXPECT_EQ(read(observer_->nginx().config_file() + ".before-chorale"), foreign_);
  EXPECT_THAT(ZookeeperTree(cluster_.zookeeper().address()).list("/chorale/members"),
              UnorderedElementsAre("proxy-1", "proxy-2", "proxy-3"));
  // And back: what it serves stays, and it leaves the pool's majority.
  observer_->signal_agent(SIGTERM);
  ASSERT_TRUE(observer_->agent_ended(seconds(10)));
  const std::string served = read(observer_->nginx().config_file());
  observer_->start_agent_with(config);
  ASSERT_TRUE(cluster_.marathon().create("/two", 1));
  ASSERT_TRUE(shadows("/two")) << observer_->agent_log();
  EXPECT_EQ(read(observer_->nginx().config_file()), served);
  EXPECT_TRUE(observer_->routes("/one"));
  EXPECT_TRUE(wait_until(
      [&] { return ZookeeperTree(cluster_.zookeeper().address()).list("/chorale/members").size() == 2; }, seconds(10)));
}

// Without ZooKeeper it decides for itself, and shows that.
TEST(StandaloneObserverTest, ShowsWhatItWouldServe) {
  MarathonSimulator marathon({.arguments = {"--backends"}});
  ASSERT_TRUE(marathon.start());
  ASSERT_TRUE(marathon.create("/one", 1));
  Proxy proxy({1, "", {marathon.url()}, "2s", "apply = false\n"});
  ASSERT_TRUE(proxy.start_nginx());
  const std::string foreign = read(proxy.nginx().config_file());
  proxy.start_agent();
  const std::filesystem::path shadow = proxy.directory() / "state" / "shadow.conf";
  ASSERT_TRUE(wait_until([&] { return read(shadow).find("location /one/") != std::string::npos; }, seconds(20)))
      << proxy.agent_log();
  EXPECT_TRUE(wait_until([&] { return is_ok(proxy); }, seconds(10))) << proxy.health().dump(2);
  EXPECT_EQ(proxy.health().at("Cluster").at("Role"), "observer");
  EXPECT_EQ(proxy.run("compare", shadow).exit_code, 0);
  EXPECT_EQ(proxy.run("compare", proxy.nginx().config_file()).exit_code, 2) << "it holds no upstream";
  EXPECT_EQ(read(proxy.nginx().config_file()), foreign);
  EXPECT_EQ(proxy.nginx().answer(), "foreign");
}

}  // namespace
}  // namespace chorale::testing
