// What a monitoring sees of real agents: the metrics by promtool and by their values, the shipped dashboard and alerts,
// and check_chorale in each state.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <utility>
#include <vector>

#include "tests/harness/child_process.h"
#include "tests/harness/temp_dir.h"
#include "tests/integration/led_cluster.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kPackaging = std::string(CHORALE_SOURCE_DIR) + "/packaging/";
const std::string kAlertsTest = std::string(CHORALE_SOURCE_DIR) + "/tests/monitoring/alerts_test.yml";

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Ran {
  int exit_code = -1;
  std::string output;
};
Ran run(const std::vector<std::string>& command) {
  const TempDir directory("monitoring");
  ChildProcess child(command, directory.path() / "output");
  if (!child.wait(seconds(60))) return {};
  return {child.exit_code().value_or(-1), text_of(directory.path() / "output")};
}

std::string page_of(const Proxy& proxy) { return http_get(proxy.admin_port(), "/metrics").body; }

// -1: there is none.
double value(const Proxy& proxy, const std::string& sample) {
  const std::string text = "\n" + page_of(proxy);
  const auto at = text.find("\n" + sample + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + sample.size() + 2));
}

Ran check_metrics(const std::string& page) {
  const TempDir directory("promtool");
  std::ofstream(directory.path() / "page") << page;
  return run({"sh", "-c", "promtool check metrics < " + (directory.path() / "page").string()});
}

std::set<std::string> names_in(const std::string& text, const std::string& pattern, std::size_t group) {
  const std::regex expression(pattern);
  std::set<std::string> names;
  for (std::sregex_iterator match(text.begin(), text.end(), expression); match != std::sregex_iterator(); ++match) {
    names.insert((*match)[group]);
  }
  return names;
}

class ClusterMonitoringTest : public LedClusterTest {
 protected:
  explicit ClusterMonitoringTest(RealCluster::Options options = {.proxies = 2,
                                                                 .delays_tests = true,
                                                                 .zookeeper_relays = true})
      : LedClusterTest(std::move(options)) {}

  bool routed(const std::string& app) {
    return cluster_.marathon().create(app, 1) &&
           wait_until([&] { return cluster_.routed_everywhere(app) && cluster_.converged(); }, seconds(20));
  }
  Ran check(const Proxy& proxy, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {kPackaging + "check_chorale", "-p", std::to_string(proxy.admin_port())});
    return run(options);
  }
};

TEST_F(ClusterMonitoringTest, PromtoolAcceptsThePageOfEveryKindOfAgent) {
  Proxy* observer = cluster_.add_proxy("apply = false\n");
  ASSERT_NE(observer, nullptr);
  ASSERT_TRUE(wait_until([&] { return value(*observer, "chorale_health") == 0; }, seconds(20)));
  Proxy alone({9, "", {cluster_.marathon().url()}, "2s", ""});
  ASSERT_TRUE(alone.start_nginx());
  alone.start_agent();
  ASSERT_TRUE(wait_until([&] { return alone.routes("/first"); }, seconds(20))) << alone.agent_log();
  for (const Proxy* proxy : {leader_, &follower(), observer, &alone}) {
    const Ran checked = check_metrics(page_of(*proxy));
    EXPECT_EQ(checked.exit_code, 0) << proxy->id() << ": " << checked.output;
    EXPECT_EQ(checked.output, "") << proxy->id();
  }
  EXPECT_NE(check_metrics("chorale_wrong_total 1\n").output, "") << "it finds what is wrong";
  EXPECT_EQ(value(*observer, "chorale_observer"), 1);
  EXPECT_EQ(value(*observer, "chorale_nginx_requests_total"), -1);
  EXPECT_EQ(value(alone, "chorale_leader"), 1);
  EXPECT_GE(value(alone, "chorale_marathon_data_age_seconds"), 0);
}

TEST_F(ClusterMonitoringTest, NumbersFollowAChangeThroughThePool) {
  const double before = value(*leader_, "chorale_committed_timestamp_seconds");
  const double changes = value(*leader_, "chorale_change_applied_seconds_count");
  const double commits = value(follower(), "chorale_commit_applied_seconds_count");
  const double reloads = value(follower(), "chorale_reloads_total{result=\"ok\"}");
  EXPECT_GT(before, 1'700'000'000);
  EXPECT_GE(reloads, 1);
  ASSERT_TRUE(routed("/second")) << cluster_.logs();
  EXPECT_GT(value(*leader_, "chorale_change_applied_seconds_count"), changes);
  EXPECT_EQ(value(*leader_, "chorale_change_committed_seconds_count"),
            value(*leader_, "chorale_change_applied_seconds_count"));
  EXPECT_LE(value(*leader_, "chorale_change_committed_seconds_sum"),
            value(*leader_, "chorale_change_applied_seconds_sum"));
  EXPECT_EQ(value(follower(), "chorale_change_applied_seconds_count"), 0);
  EXPECT_GT(value(follower(), "chorale_commit_applied_seconds_count"), commits);
  EXPECT_GT(value(follower(), "chorale_reloads_total{result=\"ok\"}"), reloads);
  for (const auto& proxy : cluster_.proxies()) {
    EXPECT_GT(value(*proxy, "chorale_committed_timestamp_seconds"), before);
    EXPECT_GT(value(*proxy, "chorale_applied_timestamp_seconds"), before);
    EXPECT_EQ(value(*proxy, "chorale_applied_revision"), value(*proxy, "chorale_committed_revision"));
    EXPECT_TRUE(wait_until([&] { return value(*proxy, "chorale_apps") == 2; }, seconds(5)))
        << "read after it is served";
    EXPECT_GE(value(*proxy, "chorale_zookeeper_session_events_total{event=\"connected\"}"), 1);
    EXPECT_EQ(value(*proxy, "chorale_template_healthy"), 1);
    EXPECT_GT(value(*proxy, "chorale_loop_delay_seconds_count"), 0);
    EXPECT_THAT(page_of(*proxy), Not(HasSubstr("nixy_")));
  }
  EXPECT_GE(value(*leader_, "chorale_marathon_requests_total{result=\"ok\"}"), 1);
  EXPECT_GE(value(*leader_, "chorale_marathon_data_age_seconds"), 0);
  EXPECT_EQ(value(*leader_, "chorale_marathon_stream_attached"), 1);
  EXPECT_EQ(value(follower(), "chorale_marathon_data_age_seconds"), -1) << "it has no word of Marathon";
  EXPECT_EQ(value(follower(), "chorale_marathon_stream_attached"), 0);

  const std::size_t cut = leader_ == &cluster_.proxy(0) ? 1 : 0;
  cluster_.zookeeper_relay(cut).cut();
  EXPECT_TRUE(wait_until(
      [&] { return value(follower(), "chorale_zookeeper_session_events_total{event=\"disconnected\"}") > 0; },
      seconds(20)));
  cluster_.zookeeper_relay(cut).heal();
}

TEST_F(ClusterMonitoringTest, NginxCountsItself) {
  ASSERT_TRUE(wait_until([&] { return value(follower(), "chorale_nginx_requests_total") > 0; }, seconds(20)))
      << page_of(follower());
  const double requests = value(follower(), "chorale_nginx_requests_total");
  EXPECT_GE(value(follower(), "chorale_nginx_connections_accepted_total"), 1);
  EXPECT_EQ(value(follower(), "chorale_nginx_connections{state=\"writing\"}"), 1) << "the question itself";
  EXPECT_EQ(value(follower(), "chorale_nginx_requests_total"), requests) << "asked for again after 15 s alone";
  for (int i = 0; i < 50; ++i) (void)follower().get("/first/");
  EXPECT_TRUE(
      wait_until([&] { return value(follower(), "chorale_nginx_requests_total") >= requests + 50; }, seconds(25)));
  follower().nginx().kill();
  EXPECT_TRUE(wait_until([&] { return value(follower(), "chorale_nginx_requests_total") == -1; }, seconds(25)));
  EXPECT_EQ(value(follower(), "chorale_nginx_running"), 0);
}

TEST_F(ClusterMonitoringTest, DashboardAndAlertsNameWhatThereIs) {
  ASSERT_TRUE(wait_until([&] { return value(*leader_, "chorale_nginx_requests_total") > 0; }, seconds(20)));
  std::set<std::string> there = names_in(page_of(*leader_), "# TYPE ([a-z_]+) [a-z]+", 1);
  for (const std::string& histogram : names_in(page_of(*leader_), "# TYPE ([a-z_]+) histogram", 1)) {
    there.insert(histogram + "_bucket");
  }
  for (const char* file : {"monitoring/alerts.yml", "monitoring/grafana-dashboard.json"}) {
    const auto named = names_in(text_of(kPackaging + file), "\\b(chorale|process)_[a-z_]+", 0);
    EXPECT_GT(named.size(), 15U) << file;
    EXPECT_THAT(named, IsSubsetOf(there)) << file;
  }
  const auto dashboard =
      nlohmann::json::parse(text_of(kPackaging + "monitoring/grafana-dashboard.json"), nullptr, false);
  ASSERT_TRUE(dashboard.is_object());
  for (const auto& panel : dashboard.at("panels")) {
    EXPECT_TRUE(panel.at("type") == "row" || !panel.at("targets").empty()) << panel.at("title");
  }
}

TEST(MonitoringFilesTest, EveryAlertIsTriedAndSaysWhatToDo) {
  const Ran rules = run({"promtool", "check", "rules", kPackaging + "monitoring/alerts.yml"});
  EXPECT_EQ(rules.exit_code, 0) << rules.output;
  const Ran tried = run({"promtool", "test", "rules", kAlertsTest});
  EXPECT_EQ(tried.exit_code, 0) << tried.output;
  const std::string text = text_of(kPackaging + "monitoring/alerts.yml");
  const auto alerts = names_in(text, "- alert: ([A-Za-z]+)", 1);
  EXPECT_GT(alerts.size(), 20U);
  const std::string tests = text_of(kAlertsTest);
  for (const std::string& alert : alerts) {
    EXPECT_THAT(tests, HasSubstr("name: " + alert + " fires")) << alert;
    EXPECT_THAT(tests, HasSubstr("name: " + alert + " is silent")) << alert;
  }
  for (const char* key : {"\n          summary: \"", "\n          description: \""}) {
    std::size_t count = 0;
    for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) ++count;
    EXPECT_EQ(count, alerts.size()) << key;
  }
}

TEST_F(ClusterMonitoringTest, CheckChoraleKnowsEveryState) {
  Ran checked = check(follower());
  EXPECT_EQ(checked.exit_code, 0) << checked.output;
  EXPECT_THAT(checked.output,
              ContainsRegex("^CHORALE OK - proxy-. \\(follower\\): serves revision [0-9]+ of [0-9]+ \\| "
                            "lag=0;5;;0 agents=2;;;0 quarantined=0;;;0 missing=0;;;0\n$"));
  EXPECT_EQ(check(follower(), {"--agents", "2"}).exit_code, 0);
  checked = check(follower(), {"--agents", "3"});
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_THAT(checked.output, HasSubstr("2 of 3 agents are registered"));

  ASSERT_EQ(follower().run("drain", "--reason=a | new kernel").exit_code, 0);
  checked = check(follower());
  EXPECT_EQ(checked.exit_code, 1) << checked.output;
  EXPECT_THAT(checked.output,
              ContainsRegex("^CHORALE WARNING - proxy-. \\(follower\\): drained by .*: a / new kernel \\| "));
  EXPECT_EQ(value(follower(), "chorale_drained"), 1);
  EXPECT_EQ(value(*leader_, "chorale_drained"), 0);
  EXPECT_EQ(check(follower(), {"--drained", "ok"}).exit_code, 0);
  EXPECT_EQ(check(follower(), {"--drained", "critical"}).exit_code, 2);
  follower().nginx().kill();
  ASSERT_TRUE(wait_until([&] { return check(follower(), {"--drained", "ok"}).exit_code == 1; }, seconds(10)));
  ASSERT_EQ(follower().run("undrain").exit_code, 0);
  checked = check(follower());
  EXPECT_EQ(checked.exit_code, 2);
  EXPECT_THAT(checked.output, HasSubstr("CRITICAL - " + follower().id() + " (follower): down: Nginx is not running"));
  ASSERT_TRUE(follower().start_nginx());
  EXPECT_TRUE(wait_until([&] { return check(follower()).exit_code == 0; }, seconds(20))) << check(follower()).output;
}

TEST_F(ClusterMonitoringTest, CheckChoraleSeesWhatIsDegradedLateOrGone) {
  follower().delay_tests(seconds(8));
  ASSERT_TRUE(cluster_.marathon().create("/late", 1));
  ASSERT_TRUE(wait_until([&] { return check(follower(), {"-w", "1"}).exit_code == 1; }, seconds(20)));
  EXPECT_THAT(check(follower(), {"-c", "1"}).output, ContainsRegex("CRITICAL.* 1 revisions behind.* lag=1;5;1;0"));
  EXPECT_EQ(check(follower()).exit_code, 0) << "one is nothing yet";
  follower().delay_tests(seconds(0));
  const std::size_t cut = leader_ == &cluster_.proxy(0) ? 1 : 0;
  cluster_.zookeeper_relay(cut).cut();
  ASSERT_TRUE(wait_until([&] { return check(follower()).exit_code == 1; }, seconds(20))) << check(follower()).output;
  EXPECT_THAT(check(follower()).output, HasSubstr("degraded: ZooKeeper is not connected"));
  cluster_.zookeeper_relay(cut).heal();

  const std::string port = std::to_string(follower().admin_port());
  follower().kill_agent();
  Ran gone = run({kPackaging + "check_chorale", "-p", port});
  EXPECT_EQ(gone.exit_code, 2);
  EXPECT_THAT(gone.output, StartsWith("CHORALE CRITICAL - the agent on 127.0.0.1:" + port + " does not answer: "));
  gone = run({kPackaging + "check_chorale", "-p", std::to_string(follower().nginx().port())});
  EXPECT_EQ(gone.exit_code, 3) << gone.output;
  EXPECT_THAT(gone.output, HasSubstr("no health of a Chorale agent"));
  gone = run({kPackaging + "check_chorale", "--drained", "perhaps"});
  EXPECT_EQ(gone.exit_code, 3);
  EXPECT_THAT(gone.output, StartsWith("CHORALE UNKNOWN - "));
}

TEST_F(ClusterMonitoringTest, CheckChoraleNamesAMemberThatIsMissing) {
  const std::string gone = follower().id();
  follower().signal_agent(SIGTERM);
  ASSERT_TRUE(follower().agent_ended(seconds(10)));
  ASSERT_TRUE(wait_until([&] { return check(*leader_).exit_code == 1; }, seconds(10))) << check(*leader_).output;
  EXPECT_THAT(check(*leader_).output, HasSubstr("CHORALE WARNING - " + leader_->id() + " (leader): " + gone +
                                                " is missing: its agent is not registered | "));
  EXPECT_THAT(check(*leader_).output, HasSubstr("agents=1;;;0 quarantined=0;;;0 missing=1;;;0"));
  ASSERT_EQ(leader_->run("forget", gone).exit_code, 0);
  EXPECT_TRUE(wait_until([&] { return check(*leader_).exit_code == 0; }, seconds(10))) << check(*leader_).output;
}

// The template takes a label as it is: which value Nginx accepts, it alone knows.
class ClusterGaugesTest : public ClusterMonitoringTest {
 protected:
  ClusterGaugesTest() : ClusterMonitoringTest({.proxies = 3, .nginx_template = template_file()}) {}
  static std::string template_file() {
    static const TempDir directory("template");
    std::string text = text_of(CHORALE_TEMPLATE);
    const std::string line = "            set $app {{id}};\n";
    text.insert(text.find(line) + line.size(),
                "{{#labels.timeout}}\n            proxy_read_timeout {{labels.timeout}};\n{{/labels.timeout}}\n");
    std::ofstream(directory.path() / "nginx.conf.mustache") << text;
    return directory.path() / "nginx.conf.mustache";
  }
};

TEST_F(ClusterGaugesTest, SayTheSameOnTheLeaderAndOnAFollower) {
  ASSERT_TRUE(cluster_.marathon().create("/bad", 1, {{"labels", {{"timeout", "soon"}}}}));
  ASSERT_TRUE(wait_until([&] { return value(*leader_, "chorale_quarantined_apps") == 1; }, seconds(20)))
      << cluster_.logs();
  ASSERT_EQ(leader_->run("hold", "current").exit_code, 0);
  std::vector<Proxy*> followers;
  for (const auto& proxy : cluster_.proxies()) {
    if (proxy.get() != leader_) followers.push_back(proxy.get());
  }
  followers.back()->signal_agent(SIGTERM);
  ASSERT_TRUE(followers.back()->agent_ended(seconds(10)));
  Proxy& other = *followers.front();
  for (Proxy* proxy : {leader_, &other}) {
    for (const char* gauge : {"chorale_quarantined_apps", "chorale_held", "chorale_missing_members"}) {
      EXPECT_TRUE(wait_until([&] { return value(*proxy, gauge) == 1; }, seconds(10))) << gauge << " " << proxy->id();
    }
    EXPECT_EQ(value(*proxy, "chorale_template_healthy"), 1);
    EXPECT_EQ(value(*proxy, "chorale_nginx_config_drifted"), 0);
    EXPECT_EQ(value(*proxy, "chorale_blocked_seconds"), 0);
  }
  for (const char* gauge : {"chorale_committed_timestamp_seconds", "chorale_committed_revision", "chorale_epoch",
                            "chorale_agents", "chorale_apps"}) {
    EXPECT_TRUE(wait_until([&] { return value(*leader_, gauge) == value(other, gauge); }, seconds(10))) << gauge;
    EXPECT_GE(value(other, gauge), 1) << gauge;
  }
  const Ran checked = check(other);
  EXPECT_THAT(checked.output, HasSubstr(" quarantined=1;;;0 missing=1;;;0\n")) << "an app is counted on each";
  EXPECT_THAT(checked.output, HasSubstr(followers.back()->id() + " is missing"));
}

}  // namespace
}  // namespace chorale::testing
