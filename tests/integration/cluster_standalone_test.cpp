// One proxy without ZooKeeper: the same program, for itself alone; and what a SIGHUP changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class ClusterStandaloneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    MarathonSimulator::Options options;
    options.arguments = {"--backends"};
    marathon_ = std::make_unique<MarathonSimulator>(options);
    ASSERT_TRUE(marathon_->start());
    proxy_ = std::make_unique<Proxy>(Proxy::Options{1, "", {marathon_->url()}, "2s", ""});
    ASSERT_TRUE(proxy_->start_nginx());
    proxy_->start_agent();
    ASSERT_TRUE(marathon_->create("/hello-world", 2));
    ASSERT_TRUE(wait_until([this] { return proxy_->routes("/hello-world"); }, seconds(20))) << proxy_->agent_log();
  }

  // One key of the running agent's file gets another value, then SIGHUP.
  void set_and_reload(const std::string& key, const std::string& value) {
    std::ifstream in(proxy_->config_file());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::ofstream(proxy_->config_file()) << std::regex_replace(text, std::regex("\n" + key + " = [^\n]*"),
                                                               "\n" + key + " = \"" + value + "\"");
    proxy_->signal_agent(SIGHUP);
  }
  [[nodiscard]] bool heard() const { return proxy_->agent_log().find("configuration re-read") != std::string::npos; }

  std::unique_ptr<MarathonSimulator> marathon_;
  std::unique_ptr<Proxy> proxy_;
};

TEST_F(ClusterStandaloneTest, LeadsItself) {
  ASSERT_TRUE(wait_until([this] { return proxy_->health().value("Status", "") != "down"; }, seconds(10)));
  EXPECT_EQ(proxy_->health().at("Cluster").at("Role"), "leader");
  EXPECT_EQ(proxy_->health_status(), 200);
  ASSERT_TRUE(marathon_->destroy("/hello-world"));
  EXPECT_TRUE(wait_until([this] { return proxy_->get("/hello-world/").status == 503; }, seconds(10)));
}

// One revision is kept on disk: what changed is to be had elsewhere, and that is said.
TEST_F(ClusterStandaloneTest, DiffSaysWhatIsKeptAndWhatToUseInstead) {
  const Proxy::Ran refused = proxy_->run("diff", "1");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("/routes.json"));
  EXPECT_THAT(refused.output, HasSubstr("`chorale routes`"));
  EXPECT_THAT(refused.output, HasSubstr("`chorale history`"));
  EXPECT_EQ(proxy_->run("routes").exit_code, 0);
  ASSERT_TRUE(marathon_->create("/second", 1));
  EXPECT_TRUE(wait_until([this] { return proxy_->run("history").output.find("added /second") != std::string::npos; },
                         seconds(20)));
}

// Its tree ended with the process before: there is no older session whose end it would have to wait for.
TEST_F(ClusterStandaloneTest, RestartLeadsAtOnce) {
  proxy_->signal_agent(SIGTERM);
  ASSERT_TRUE(proxy_->agent_ended(seconds(10)));
  ASSERT_TRUE(marathon_->create("/after", 1));
  const auto started = std::chrono::steady_clock::now();
  proxy_->start_agent();
  EXPECT_TRUE(wait_until([this] { return proxy_->routes("/after"); }, seconds(20))) << proxy_->agent_log();
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(3'500)) << proxy_->agent_log();
  EXPECT_EQ(proxy_->agent_log().find("the state is gone"), std::string::npos) << proxy_->agent_log();
}

TEST_F(ClusterStandaloneTest, HangupTakesLocalValuesAndNothingElse) {
  set_and_reload("xproxy", "renamed");
  EXPECT_TRUE(wait_until([this] { return proxy_->get("/hello-world/").headers["x-proxy"] == "renamed"; }, seconds(10)))
      << proxy_->agent_log();
}

// The last app is deleted while nobody listens; without ZooKeeper there is no znode to say it by.
TEST_F(ClusterStandaloneTest, EmptyListThatIsTruePassesByAnOperatorsWord) {
  const Proxy::Ran nothing = proxy_->run("accept", "0123456789ab");
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_THAT(nothing.output, HasSubstr("nothing is held back"));
  ASSERT_FALSE(marathon_->control("fault", {{"kind", "events"}, {"mode", "status"}, {"status", 503}}).is_null());
  ASSERT_FALSE(marathon_->control("drop_streams").is_null());
  ASSERT_TRUE(marathon_->destroy("/hello-world"));
  ASSERT_TRUE(marathon_->settled(seconds(10)));
  std::smatch found;
  std::string message;
  const auto held_back = [&] {
    static const std::regex kHeld("held back: .*chorale accept ([0-9a-f]{12})");
    const auto health = proxy_->health();
    message = health.is_object() ? health.at("Message").get<std::string>() : "";
    return std::regex_search(message, found, kHeld);
  };
  ASSERT_TRUE(wait_until(held_back, seconds(20))) << proxy_->agent_log();
  EXPECT_THAT(http_get(proxy_->admin_port(), "/metrics").body, HasSubstr("\nchorale_loss_held_back 1\n"));
  const std::string digest = found[1];
  const Proxy::Ran wrong = proxy_->run("accept", "0123456789ab");
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.output, HasSubstr("what is held back is " + digest));
  EXPECT_EQ(proxy_->get("/hello-world/").status, 502) << "its tasks are gone, its route is not";
  EXPECT_EQ(proxy_->run("accept", "policy").exit_code, 2);
  const Proxy::Ran accepted = proxy_->run("accept", digest);
  EXPECT_EQ(accepted.exit_code, 0) << accepted.output;
  EXPECT_THAT(accepted.output, HasSubstr("believes the loss " + digest));
  EXPECT_TRUE(wait_until([this] { return proxy_->get("/hello-world/").status == 503; }, seconds(15)))
      << proxy_->agent_log();
  EXPECT_EQ(proxy_->run("accept", digest).exit_code, 1) << "nothing is held back any more";
  EXPECT_THAT(proxy_->agent_log(), HasSubstr("has accepted the loss " + digest));
}

TEST_F(ClusterStandaloneTest, TestOfAConfigurationThatIsTakenShowsItsWarnings) {
  std::ofstream(proxy_->config_file(), std::ios::app) << "[lcoal]\na = \"x\"\n";
  const Proxy::Ran ran = proxy_->run("agent", "--test");
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.output, HasSubstr("unknown key 'lcoal' is ignored"));
}

TEST_F(ClusterStandaloneTest, HoldsReleasesAndHasAHistory) {
  const Proxy::Ran held = proxy_->run("hold", "current");
  EXPECT_EQ(held.exit_code, 0) << held.output;
  ASSERT_TRUE(marathon_->create("/second", 1));
  ASSERT_TRUE(wait_until(
      [this] { return proxy_->health().at("Message").get<std::string>().find("added /second") != std::string::npos; },
      seconds(20)))
      << proxy_->agent_log();
  EXPECT_FALSE(proxy_->routes("/second"));
  const Proxy::Ran history = proxy_->run("history");
  EXPECT_EQ(history.exit_code, 0);
  EXPECT_THAT(history.output, HasSubstr("added /hello-world"));
  EXPECT_EQ(proxy_->run("release").exit_code, 0);
  EXPECT_TRUE(wait_until([this] { return proxy_->routes("/second"); }, seconds(20))) << proxy_->agent_log();
  EXPECT_EQ(proxy_->run("release").exit_code, 1);
}

TEST_F(ClusterStandaloneTest, WordOfAnOperatorNeedsARunningAgent) {
  proxy_->signal_agent(SIGTERM);
  ASSERT_TRUE(proxy_->agent_ended(seconds(10)));
  const Proxy::Ran ran = proxy_->run("accept", "0123456789ab");
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_THAT(ran.output,
              HasSubstr("admin.sock: cannot connect: No such file or directory; is it running, and are you root?"));
}

// The template says `pid @{nginx_pid};`: Nginx would move its file to where this agent does not look.
TEST_F(ClusterStandaloneTest, HangupLeavesThePidFileWhereTheAgentLooks) {
  set_and_reload("nginx_pid", proxy_->nginx().pid_file() + ".other");
  ASSERT_TRUE(wait_until([this] { return heard(); }, seconds(10))) << proxy_->agent_log();
  ASSERT_TRUE(marathon_->create("/later", 1));
  EXPECT_TRUE(wait_until([this] { return proxy_->routes("/later"); }, seconds(10))) << proxy_->agent_log();
  EXPECT_EQ(proxy_->health_status(), 200);
}

TEST_F(ClusterStandaloneTest, CheckNamesTheOtherFileThatTheRunningNginxReads) {
  const Proxy::Ran fine = proxy_->run("check");
  EXPECT_NE(fine.output.find("ok    nginx: runs as process " + std::to_string(proxy_->nginx().master_pid())),
            std::string::npos)
      << fine.output;
  NginxInstance& nginx = proxy_->nginx();
  nginx.stop();
  const std::string other = nginx.directory() / "other.conf";
  std::ofstream(other) << nginx.config("other");
  ChildProcess master(
      {"nginx", "-p", nginx.directory(), "-e", nginx.error_log(), "-c", "other.conf", "-g", "daemon off;"},
      nginx.directory() / "other.log");
  ASSERT_TRUE(wait_until([&] { return nginx.answer() == "other"; }, seconds(10)));
  const Proxy::Ran check = proxy_->run("check");
  EXPECT_EQ(check.exit_code, 1) << check.output;
  EXPECT_NE(check.output.find("fail  nginx: the running Nginx, process " + std::to_string(master.pid()) + ", reads " +
                              other + ", not " + nginx.config_file() + ": restart it on that file"),
            std::string::npos)
      << check.output;
  master.signal(SIGTERM);
  EXPECT_TRUE(master.wait(seconds(10)));
}

}  // namespace
}  // namespace chorale::testing
