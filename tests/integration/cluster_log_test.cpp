// What an operator reads in the log: what is served and why, who refuses what, outages once. And that it is JSON where
// that is asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "tests/harness/temp_dir.h"
#include "tests/integration/led_cluster.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

std::vector<std::string> lines_with(const std::string& log, const std::string& part) {
  std::vector<std::string> found;
  std::istringstream stream(log);
  for (std::string line; std::getline(stream, line);) {
    if (line.find(part) != std::string::npos) found.push_back(line);
  }
  return found;
}

std::string file_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class ClusterLogTest : public LedClusterTest {
 protected:
  explicit ClusterLogTest(RealCluster::Options options = {.proxies = 2,
                                                          .marathon_relays = true,
                                                          .zookeeper_relays = true})
      : LedClusterTest(std::move(options)) {}

  [[nodiscard]] static std::size_t count(const Proxy& proxy, const std::string& part) {
    return lines_with(proxy.agent_log(), part).size();
  }
  [[nodiscard]] static bool logs(const Proxy& proxy, const std::string& part, std::size_t times = 1) {
    return wait_until([&] { return count(proxy, part) >= times; }, seconds(40));
  }
  // The texts behind "serving E.R: " of each revision. A revision that is served twice fails the test.
  [[nodiscard]] static std::map<std::string, std::string> served(const Proxy& proxy) {
    static const std::regex kLine("serving ([0-9]+\\.[0-9]+): (.*)");
    std::map<std::string, std::string> texts;
    for (const std::string& line : lines_with(proxy.agent_log(), "serving ")) {
      std::smatch found;
      if (!std::regex_search(line, found, kLine)) continue;
      EXPECT_TRUE(texts.emplace(found[1], found[2]).second) << line << " for the second time on " << proxy.id();
    }
    return texts;
  }
  [[nodiscard]] static bool says(const Proxy& proxy, const std::string& regex) {
    const auto texts = served(proxy);
    return std::any_of(texts.begin(), texts.end(),
                       [&](const auto& one) { return std::regex_match(one.second, std::regex(regex)); });
  }
  void expect_everywhere(const std::string& regex) {
    for (const auto& proxy : cluster_.proxies()) {
      EXPECT_TRUE(wait_until([&] { return says(*proxy, regex); }, seconds(10))) << regex << "\n"
                                                                                << proxy->id() << "\n"
                                                                                << proxy->agent_log();
    }
  }
};

TEST_F(ClusterLogTest, EveryAgentSaysOnceWhatARevisionChangesAndWhy) {
  constexpr const char* kSince = ", [0-9]+(\\.[0-9]+)? s after the event";
  ASSERT_TRUE(cluster_.marathon().create("/second", 1));
  expect_everywhere("added /second \\(status_update_event /second TASK_RUNNING\\)" + std::string(kSince));
  ASSERT_TRUE(cluster_.marathon().scale("/second", 2));
  expect_everywhere("/second \\+1 server.* \\([a-z_]+ /second.*\\)" + std::string(kSince));
  ASSERT_TRUE(cluster_.marathon().destroy("/second"));
  expect_everywhere("removed /second \\([a-z_]+ /second.*\\)" + std::string(kSince));
  ASSERT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(10)));
  EXPECT_TRUE(says(*leader_, "the first since the start.*"));

  // An earlier revision by an operator's word: no event, and no time.
  const auto texts = served(*leader_);
  const auto with_second =
      std::find_if(texts.begin(), texts.end(), [](const auto& one) { return one.second.starts_with("added /second"); });
  ASSERT_NE(with_second, texts.end());
  ASSERT_EQ(leader_->run("hold", {with_second->first, "--reason", "deploy"}).exit_code, 0);
  expect_everywhere("added /second \\(held on " + with_second->first + " by [^:]+: deploy\\)");
  ASSERT_EQ(leader_->run("release").exit_code, 0);
  expect_everywhere("removed /second \\(the hold was released.*\\)");

  // Another agent on the same Nginx serves what was served before.
  const std::string newest = served(follower()).rbegin()->first;
  follower().signal_agent(SIGTERM);
  ASSERT_TRUE(follower().agent_ended(seconds(10)));
  follower().start_agent();
  EXPECT_TRUE(wait_until([&] { return says(follower(), "as before the start"); }, seconds(20))) << cluster_.logs();
  EXPECT_EQ(served(follower()).size(), 1U) << follower().agent_log();
  EXPECT_GE(newest.size(), 3U);
}

// Several minutes of trouble are two lines for each thing that is away.
TEST_F(ClusterLogTest, AnOutageIsSaidOnceWhenItBeginsAndOnceWhenItEnds) {
  Proxy& cut_off = follower();
  const std::size_t index = &cut_off == &cluster_.proxy(0) ? 0 : 1;
  cluster_.zookeeper_relay(index).cut();
  ASSERT_TRUE(logs(cut_off, "a new handle follows")) << cut_off.agent_log();
  cluster_.zookeeper_relay(index).heal();
  ASSERT_TRUE(logs(cut_off, "ZooKeeper: connected again, after ")) << cut_off.agent_log();
  EXPECT_EQ(count(*leader_, "ZooKeeper: "), 0U);

  cut_off.nginx().kill();
  ASSERT_TRUE(logs(cut_off, "Nginx is not running")) << cut_off.agent_log();
  ASSERT_TRUE(cut_off.nginx().start());
  ASSERT_TRUE(logs(cut_off, "Nginx runs again, process ")) << cut_off.agent_log();
  EXPECT_THAT(lines_with(cut_off.agent_log(), "Nginx runs again").front(), ContainsRegex(", after [0-9.]+ s"));

  for (const std::size_t each : {0, 1}) cluster_.marathon_relay(each).cut();
  ASSERT_TRUE(logs(*leader_, "event stream lost: ")) << leader_->agent_log();
  ASSERT_TRUE(logs(*leader_, "Marathon: http")) << leader_->agent_log();
  ASSERT_TRUE(logs(cut_off, "Marathon: http")) << cut_off.agent_log();
  for (const std::size_t each : {0, 1}) cluster_.marathon_relay(each).heal();
  ASSERT_TRUE(logs(*leader_, "Marathon: answers again, after ")) << leader_->agent_log();
  ASSERT_TRUE(logs(*leader_, " without it")) << leader_->agent_log();
  ASSERT_TRUE(logs(cut_off, "Marathon: answers again, after ")) << cut_off.agent_log();

  const std::string before = leader_->id();
  leader_->kill_agent();
  ASSERT_TRUE(logs(cut_off, "leading in epoch ")) << cut_off.agent_log();
  // Whether it took so long that it is said is a matter of this machine.
  EXPECT_EQ(count(cut_off, "no leader"), count(cut_off, "no leader: " + before + " led last")) << cut_off.agent_log();
  EXPECT_EQ(count(cut_off, "led again, after 0."), 0U) << cut_off.agent_log();

  for (const char* once : {"ZooKeeper: connection lost", "a new handle follows", "ZooKeeper: connected again",
                           "Nginx is not running", "Nginx runs again", "Marathon: http", "Marathon: answers again"}) {
    EXPECT_EQ(count(cut_off, once), 1U) << once << "\n" << cut_off.agent_log();
  }
  for (const char* once : {"event stream lost", " without it", "Marathon: answers again"}) {
    EXPECT_EQ(count(*leader_, once), 1U) << once << "\n" << leader_->agent_log();
  }
  EXPECT_EQ(count(*leader_, "event stream refused"), 0U) << leader_->agent_log();
  EXPECT_LE(count(cut_off, "zookeeper client: "), 8U) << cut_off.agent_log();
}

TEST_F(ClusterLogTest, ARefusedRereadNamesKeyAndLineAndThatTheOldConfigurationStays) {
  Proxy& proxy = follower();
  const std::string good = file_text(proxy.config_file());
  std::ofstream(proxy.config_file()) << "keep_revisions = \"many\"\nshrink_limit = 7.0\n" << good;
  for (const std::size_t times : {1, 2}) {
    proxy.signal_agent(SIGHUP);
    ASSERT_TRUE(logs(proxy, "the old configuration stays in force", times)) << proxy.agent_log();
    EXPECT_EQ(count(proxy, "configuration not re-read: " + proxy.config_file() + ":1: keep_revisions"), times);
    EXPECT_EQ(count(proxy, "configuration not re-read: " + proxy.config_file() + ":2: shrink_limit"), times);
  }
  EXPECT_EQ(count(*leader_, "configuration"), 0U);
  const auto warned = [&](const std::string& text) {
    const auto health = proxy.health();
    if (!health.is_object()) return false;
    const auto& warnings = health.at("Warnings");
    return std::any_of(warnings.begin(), warnings.end(), [&](const auto& warning) {
      return warning.template get<std::string>().find(text) != std::string::npos;
    });
  };
  const auto counted = [&](int refused) {
    return http_get(proxy.admin_port(), "/metrics")
               .body.find("\nchorale_config_reload_refused " + std::to_string(refused) + "\n") != std::string::npos;
  };
  EXPECT_TRUE(
      wait_until([&] { return warned("stays in force: " + proxy.config_file() + ":1: keep_revisions"); }, seconds(10)))
      << proxy.health().dump(2);
  EXPECT_TRUE(warned(" (and 1 more)"));
  EXPECT_EQ(proxy.health().at("Status"), "ok") << "it serves";
  EXPECT_TRUE(wait_until([&] { return counted(1); }, seconds(10)));

  // What no start would take.
  std::ofstream(proxy.config_file()) << std::regex_replace(good, std::regex("marathon = .*\n"), "");
  proxy.signal_agent(SIGHUP);
  ASSERT_TRUE(logs(proxy, "configuration not re-read: " + proxy.config_file() + ": marathon is not set"))
      << proxy.agent_log();
  std::ofstream(proxy.config_file()) << good;
  proxy.signal_agent(SIGHUP);
  EXPECT_TRUE(logs(proxy, "nothing has changed")) << proxy.agent_log();
  EXPECT_TRUE(wait_until([&] { return !warned("re-read") && counted(0); }, seconds(10))) << proxy.health().dump(2);
}

TEST_F(ClusterLogTest, AnAppIsLeftOutForTheReasonThatExplainGives) {
  ASSERT_TRUE(cluster_.marathon().create("/ill", 2, {{"healthChecks", 1}}));
  ASSERT_TRUE(cluster_.marathon().set_health("/ill", false));
  ASSERT_TRUE(logs(*leader_, "app /ill is left out: none of its 2 tasks is healthy")) << leader_->agent_log();
  EXPECT_THAT(leader_->run("explain", "/ill").output, HasSubstr("none of its 2 tasks is healthy"));
  EXPECT_EQ(count(*leader_, "no routable task"), 0U) << leader_->agent_log();
}

// One proxy's Nginx refuses what the others accept, and names no app.
class ClusterRefusalLogTest : public ClusterLogTest {
 protected:
  ClusterRefusalLogTest() : ClusterLogTest(options()) {}
  static RealCluster::Options options() {
    static const TempDir directory("refusal");
    const std::string script = directory.path() / "other";
    std::ofstream(script) << R"(#!/bin/bash
for file; do :; done
if [ "$2" != -s ] && grep -q unlucky "$file" 2>/dev/null; then
  echo "nginx: [emerg] this Nginx is another in $file:1" >&2
  exit 1
fi
exec "$@"
)";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    RealCluster::Options options{.proxies = 3};
    options.last_nginx_cmd = script + " ";
    return options;
  }
};

TEST_F(ClusterRefusalLogTest, IsNamedOnTheProxyThatRefusesAndOnTheLeader) {
  Proxy& refuses = cluster_.proxy(2);
  while (cluster_.leader() == &refuses || cluster_.leader() == nullptr) {
    refuses.signal_agent(SIGTERM);
    ASSERT_TRUE(refuses.agent_ended(seconds(10)));
    refuses.start_agent();
    ASSERT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
  }
  leader_ = cluster_.leader();
  ASSERT_TRUE(cluster_.marathon().create("/unlucky", 1));
  ASSERT_TRUE(logs(refuses, "is refused by this Nginx, which goes on with what it serves: ")) << cluster_.logs();
  const std::string here = lines_with(refuses.agent_log(), "is refused by this Nginx").front();
  EXPECT_THAT(here, ContainsRegex("[0-9]+\\.[0-9]+ is refused .*this Nginx is another in /.*:1"));
  ASSERT_TRUE(logs(*leader_, "is refused by proxy-3: ")) << leader_->agent_log();
  EXPECT_THAT(lines_with(leader_->agent_log(), "is refused by proxy-3").front(),
              ContainsRegex("[0-9]+\\.[0-9]+ is refused .*this Nginx is another in /.*:1"));

  // Others go on, it refuses that too, and for the same reason.
  for (const char* app : {"/one", "/two", "/three"}) {
    ASSERT_TRUE(cluster_.marathon().create(app, 1));
    ASSERT_TRUE(wait_until([&] { return leader_->routes(app); }, seconds(10))) << cluster_.logs();
  }
  EXPECT_EQ(count(refuses, "is refused by this Nginx"), 1U) << refuses.agent_log();
  EXPECT_EQ(count(*leader_, "is refused by proxy-3"), 1U) << leader_->agent_log();
  EXPECT_EQ(count(*leader_, "refused by this Nginx"), 0U);
}

class ClusterJsonLogTest : public ClusterLogTest {
 protected:
  ClusterJsonLogTest()
      : ClusterLogTest({.proxies = 2, .more_config = "log_format = \"json\"\n", .zookeeper_relays = true}) {}
};

TEST_F(ClusterJsonLogTest, EveryLineIsAnObject) {
  const std::size_t index = &follower() == &cluster_.proxy(0) ? 0 : 1;
  cluster_.zookeeper_relay(index).cut();
  ASSERT_TRUE(logs(follower(), "a new handle follows")) << cluster_.logs();
  cluster_.zookeeper_relay(index).heal();
  ASSERT_TRUE(cluster_.marathon().create("/second", 2));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second"); }, seconds(20))) << cluster_.logs();
  ASSERT_TRUE(logs(follower(), "added /second")) << cluster_.logs();
  for (const auto& proxy : cluster_.proxies()) {
    proxy->signal_agent(SIGTERM);
    ASSERT_TRUE(proxy->agent_ended(seconds(10)));
  }
  for (const auto& proxy : cluster_.proxies()) {
    std::istringstream stream(proxy->agent_log());
    std::set<std::string> levels;
    nlohmann::json serving;
    for (std::string text; std::getline(stream, text);) {
      const auto line = nlohmann::json::parse(text, nullptr, false);
      ASSERT_TRUE(line.is_object()) << text;
      EXPECT_THAT(line.at("time").get<std::string>(),
                  ContainsRegex("^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$"));
      EXPECT_EQ(line.at("id"), proxy->id());
      levels.insert(line.at("level"));
      if (line.at("message").get<std::string>().find("added /second") != std::string::npos) serving = line;
    }
    EXPECT_TRUE(levels.contains("info")) << proxy->agent_log();
    ASSERT_TRUE(serving.is_object()) << proxy->agent_log();
    EXPECT_EQ(serving.at("message").get<std::string>().find("serving " + serving.at("epoch").dump() + "." +
                                                            serving.at("revision").dump() + ": "),
              0U)
        << serving;
    EXPECT_THAT(serving.at("cause").get<std::string>(), HasSubstr("/second"));
    EXPECT_EQ(serving.at("apps"), 2);
    EXPECT_THAT(serving.at("servers").get<int>(), AnyOf(2, 3));
  }
  EXPECT_GE(count(follower(), "\"message\":\"zookeeper client: "), 1U) << follower().agent_log();

  // The log of the next start.
  cluster_.proxy(0).start_agent();
  ASSERT_TRUE(logs(cluster_.proxy(0), "as before the start")) << cluster_.logs();
  const auto before = nlohmann::json::parse(lines_with(cluster_.proxy(0).agent_log(), "as before the start").front());
  EXPECT_EQ(before.at("apps"), 2);
  EXPECT_EQ(before.at("servers"), 3);
  EXPECT_FALSE(before.contains("cause")) << "it is not known";
}

}  // namespace
}  // namespace chorale::testing
