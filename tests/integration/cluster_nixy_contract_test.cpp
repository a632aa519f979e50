// What users of Nixy rely on, one test for each line of the acceptance checklist that was made from Nixy's source. What
// is different on purpose is said where it is tested: 503 where Nixy says 500, a page for people at /. The checklist's
// last line, "must differ", is cluster_nixy_difference_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <regex>
#include <vector>

#include "tests/harness/loopback.h"
#include "tests/integration/nixy_contract.h"
#include "tests/integration/scripted_server.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

// A socket that a statsd server would have.
class Datagrams {
 public:
  Datagrams() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    (void)::bind(socket_.descriptor(), reinterpret_cast<sockaddr*>(&address), size);
    (void)::getsockname(socket_.descriptor(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  // The next that fits, within twenty seconds.
  [[nodiscard]] bool heard(const std::string& pattern) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    const timeval patience{1, 0};
    (void)::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (std::chrono::steady_clock::now() < deadline) {
      std::array<char, 512> bytes{};
      const auto size = ::recv(socket_.descriptor(), bytes.data(), bytes.size(), 0);
      if (size > 0 &&
          std::regex_match(std::string(bytes.data(), static_cast<std::size_t>(size)), std::regex(pattern))) {
        return true;
      }
    }
    return false;
  }

 private:
  Socket socket_;
  std::uint16_t port_ = 0;
};

// An agent of its own, on a file that Nixy takes.
class NixyTomlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(directory_.path() / "password") << "mara7hon\n";
    MarathonSimulator::Options options;
    options.arguments = {"--backends", "--user", "mara", "--password-file", directory_.path() / "password"};
    marathon_ = std::make_unique<MarathonSimulator>(options);
    ASSERT_TRUE(marathon_->start());
    proxy_ = std::make_unique<Proxy>(Proxy::Options{1, "", {marathon_->url()}, "2s", ""});
    ASSERT_TRUE(proxy_->start_nginx());
    std::filesystem::copy_file(CHORALE_TEMPLATE, proxy_->directory() / "nginx.tmpl");
  }

  // nixy.toml, and beside it what Nixy has no key for: the agent's directory and its Nginx's port.
  [[nodiscard]] std::string nixy_toml(const std::string& port, const std::string& marathon) const {
    NginxInstance& nginx = proxy_->nginx();
    const auto config = std::filesystem::relative(nginx.config_file(), proxy_->directory());
    return "port = " + port + "\nXproxy = \"nixy-1\"\nmarathon = [\"" + marathon +
           "\"]\nrealm = \"\"\nnginx_config = \"" + config.string() +
           "\"\nnginx_template = \"nginx.tmpl\"\nnginx_cmd = \"" + nginx.command() +
           "\"\nnginx_ignore_check = false\nleft_delimiter = \"{{\"\nright_delimiter = \"}}\"\nsplines = "
           "\"reticulated\"\n"
           "id = \"nixy-1\"\nnginx_pid = \"" +
           nginx.pid_file() + "\"\nstate_dir = \"" + (proxy_->directory() / "state").string() + "\"\n" + more_ +
           "[statsd]\naddr = \"127.0.0.1:" + std::to_string(statsd_.port()) +
           "\"\nnamespace = \"nixy.here\"\nsample_rate = 0\n[local]\nhttp_port = \"127.0.0.1:" +
           std::to_string(nginx.port()) + "\"\nnginx_error_log = \"" + nginx.error_log() + "\"\n";
  }
  [[nodiscard]] bool serves(const std::string& app) {
    return wait_until([&] { return proxy_->routes(app); }, seconds(20));
  }

  TempDir directory_{"nixy"};
  Datagrams statsd_;
  std::string more_;
  std::unique_ptr<MarathonSimulator> marathon_;
  std::unique_ptr<Proxy> proxy_;
};

TEST_F(NixyTomlTest, EveryKeyIsReadUnknownOnesAreWarnedOfAndPortIsAStringOrANumber) {
  const std::string port = std::to_string(pick_port());
  more_ = "user = \"mara\"\npass = \"mara7hon\"\n";
  proxy_->start_agent_with(nixy_toml("\"" + port + "\"", marathon_->url()));
  ASSERT_TRUE(marathon_->create("/web", 1));
  ASSERT_TRUE(serves("/web")) << proxy_->agent_log();
  EXPECT_EQ(std::to_string(proxy_->admin_port()), port);
  EXPECT_EQ(proxy_->get("/web/").headers["x-proxy"], "nixy-1");
  const std::string log = proxy_->agent_log();
  EXPECT_THAT(log, HasSubstr("unknown key 'splines' is ignored"));
  EXPECT_THAT(log, HasSubstr("statsd.sample_rate: 0 is not within 1 and 100"));
  EXPECT_THAT(log, HasSubstr("nginx_template: a relative path is taken from this file's directory: "));
  EXPECT_EQ(page(*proxy_, "/v1/config").at("Statsd").at("SampleRate"), 100);
  proxy_->signal_agent(SIGTERM);
  ASSERT_TRUE(proxy_->agent_ended(seconds(10)));

  proxy_->start_agent_with(nixy_toml(port, marathon_->url()));
  EXPECT_TRUE(wait_until([&] { return proxy_->health_status() == 200; }, seconds(20))) << proxy_->agent_log();
}

TEST_F(NixyTomlTest, MarathonsUrlMayHoldAPathAndCredentialsWhichStandNowhere) {
  const std::uint16_t port = pick_port();
  NginxInstance front;
  std::ofstream(front.config_file()) << front.config(
      "front", "",
      "  server {\n    listen 127.0.0.1:" + std::to_string(port) + ";\n    location /sub/ {\n      proxy_pass " +
          marathon_->url() +
          "/;\n      proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n      proxy_buffering off;\n    "
          "}\n  }\n");
  ASSERT_TRUE(front.start());
  proxy_->start_agent_with(nixy_toml("0", "http://mara:mara7hon@127.0.0.1:" + std::to_string(port) + "/sub/"));
  ASSERT_TRUE(marathon_->create("/web", 1));
  ASSERT_TRUE(serves("/web")) << proxy_->agent_log();
  const auto endpoints = page(*proxy_, "/v1/health").at("Endpoints");
  EXPECT_EQ(endpoints.at(0).at("Endpoint"), "http://127.0.0.1:" + std::to_string(port) + "/sub");
  EXPECT_EQ(proxy_->agent_log().find("mara7hon"), std::string::npos);
  for (const char* path : {"/", "/v1/health", "/v1/status", "/v1/config", "/v1/metrics"}) {
    EXPECT_THAT(http_get(proxy_->admin_port(), path).body, AllOf(Not(HasSubstr("mara7hon")), Not(HasSubstr("mara:"))))
        << path;
  }
  const Proxy::Ran check = proxy_->run("check");
  EXPECT_THAT(check.output, AllOf(HasSubstr("/sub answers"), Not(HasSubstr("mara7hon"))));
}

TEST_F(NixyTomlTest, StatsdKeepsItsNames) {
  more_ = "user = \"mara\"\npass = \"mara7hon\"\n";
  proxy_->start_agent_with(nixy_toml("0", marathon_->url()));
  ASSERT_TRUE(marathon_->create("/web", 1));
  ASSERT_TRUE(serves("/web")) << proxy_->agent_log();
  EXPECT_TRUE(statsd_.heard("nixy\\.here\\.reload\\.success:1\\|c"));
  ASSERT_TRUE(marathon_->create("/more", 1));
  EXPECT_TRUE(statsd_.heard("nixy\\.here\\.reload\\.time:[0-9]+\\|ms"));
}

class NixyRealmTest : public NixyTomlTest {};

TEST_F(NixyRealmTest, LabelsAndTheRuleFromIdToHostAreTheSame) {
  more_ = "user = \"mara\"\npass = \"mara7hon\"\n";
  const std::string toml = nixy_toml("0", marathon_->url());
  proxy_->start_agent_with(std::regex_replace(toml, std::regex("realm = \"\""), "realm = \"blue\""));
  const auto create = [&](const std::string& id, const nlohmann::json& labels) {
    return marathon_->create(id, 1, {{"labels", labels}});
  };
  ASSERT_TRUE(create("/a/sub", {{"NIXY_REALM", "blue"}, {"subdomain", "one two.example"}, {"moxy_subdomain", "no"}}));
  ASSERT_TRUE(create("/a/moxy", {{"NIXY_REALM", "blue"}, {"moxy_subdomain", "three"}}));
  ASSERT_TRUE(create("/project/app", {{"NIXY_REALM", "blue"}}));
  ASSERT_TRUE(create("/other", {{"NIXY_REALM", "blue-green"}}));
  ASSERT_TRUE(create("/none", nlohmann::json::object()));
  ASSERT_TRUE(serves("/a/sub") && serves("/a/moxy") && serves("/project/app")) << proxy_->agent_log();
  const auto shown = [&] { return page(*proxy_, "/v1/config").value("Apps", Json()); };
  ASSERT_TRUE(wait_until([&] { return shown().is_object() && shown().size() == 3; }, seconds(20))) << shown().dump(2);
  EXPECT_EQ(page(*proxy_, "/v1/config").at("Realm"), "blue");
  EXPECT_EQ(shown().at("/a/sub").at("Hosts"), Json::parse(R"(["one","two.example"])"));
  EXPECT_EQ(shown().at("/a/moxy").at("Hosts"), Json::parse(R"(["three"])"));
  EXPECT_EQ(shown().at("/project/app").at("Hosts"), Json::parse(R"(["app.project"])"));
}

// Where the event stream cannot be had at all.
TEST_F(NixyTomlTest, FirstSyncDependsOnNoEvent) {
  more_ = "user = \"mara\"\npass = \"mara7hon\"\nresync_interval = \"1s\"\n";
  ASSERT_TRUE(marathon_->create("/web", 1));
  ASSERT_TRUE(marathon_->settled(seconds(10)));
  ASSERT_TRUE(marathon_->fault("events", "reset"));
  proxy_->start_agent_with(nixy_toml("0", marathon_->url()));
  EXPECT_TRUE(serves("/web")) << proxy_->agent_log();
}

TEST_F(NixyTomlTest, OrderOfTasksDoesNotMatter) {
  const auto task = [](int number) {
    return Json{{"id", "web." + std::to_string(number)},
                {"appId", "/web"},
                {"host", "127.0.0.1"},
                {"ports", {31'000 + number}},
                {"state", "TASK_RUNNING"},
                {"startedAt", "2026-01-01T00:00:00.000Z"},
                {"version", "1"}};
  };
  std::atomic<int> lists{0};
  const ScriptedServer turning([&](const std::string& head, ScriptedConnection& connection) {
    if (head.starts_with("GET /v2/events")) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
      connection.wait_for_close();
      return false;
    }
    const bool turned = ++lists % 2 == 0;
    Json app{{"id", "/web"}, {"ports", {0}}, {"instances", 2}};
    app["tasks"] = turned ? Json::array({task(2), task(1)}) : Json::array({task(1), task(2)});
    const bool asks_who = head.starts_with("GET /v2/info");
    connection.send(http_answer("200 OK", asks_who ? R"({"frameworkId":"x"})" : Json{{"apps", {app}}}.dump(),
                                "Content-Type: application/json\r\n"));
    return true;
  });
  more_ = "resync_interval = \"1s\"\n";
  proxy_->start_agent_with(nixy_toml("0", turning.url()));
  const auto reloads = [&] { return metric(*proxy_, "chorale_reloads_total{result=\"ok\"}"); };
  ASSERT_TRUE(wait_until([&] { return reloads() == 1; }, seconds(20))) << proxy_->agent_log();
  const int before = lists;
  ASSERT_TRUE(wait_until([&] { return lists >= before + 4; }, seconds(20)));
  EXPECT_EQ(reloads(), 1) << proxy_->agent_log();
}

// What check_nixy, a Nagios plugin of Nixy's, makes of an answer: 2 critical, 1 warning, 0 fine.
int nagios_state(const HttpReply& health) {
  const Json body = Json::parse(health.body, nullptr, false);
  if (health.status != 200 || !body.is_object()) return 2;
  if (!body.at("Config").at("Healthy").get<bool>() || !body.at("Template").at("Healthy").get<bool>()) return 2;
  std::size_t down = 0;
  for (const auto& endpoint : body.at("Endpoints")) down += endpoint.at("Healthy").get<bool>() ? 0U : 1U;
  if (down == body.at("Endpoints").size()) return 2;
  return down > 0 ? 1 : 0;
}

TEST_F(NixyContractTest, PathsKeysAndStatusesAreTheSame) {
  ASSERT_TRUE(marathon().create("/web", 1,
                                {{"container",
                                  {{"type", "DOCKER"},
                                   {"docker", {{"image", "x"}}},
                                   {"portMappings", {{{"containerPort", 8080}, {"hostPort", 0}}}}}},
                                 {"networks", {{{"mode", "container/bridge"}}}}}));
  ASSERT_TRUE(served("/web") && has_tasks("/web", 1)) << cluster().logs();
  for (const auto& proxy : cluster().proxies()) {
    const std::uint16_t port = proxy->admin_port();
    const HttpReply health = http_get(port, "/v1/health");
    EXPECT_EQ(health.status, 200);
    EXPECT_THAT(health.headers.at("content-type"), StartsWith("application/json"));
    EXPECT_EQ(nagios_state(health), 0) << health.body;
    const Json endpoint = Json::parse(health.body).at("Endpoints").at(0);
    EXPECT_THAT(keys_of(endpoint), ElementsAre("Endpoint", "Healthy", "Message"));
    EXPECT_EQ(endpoint.at("Message"), "OK");

    const HttpReply reload = http_get(port, "/v1/reload");
    EXPECT_EQ(reload.status, 202);
    EXPECT_THAT(reload.headers.at("content-type"), StartsWith("text/plain"));
    EXPECT_EQ(reload.body, "queued\n");

    const HttpReply config = http_get(port, "/v1/config");
    EXPECT_EQ(config.status, 200);
    EXPECT_THAT(config.headers.at("content-type"), StartsWith("application/json"));
    const Json shown = Json::parse(config.body);
    EXPECT_THAT(keys_of(shown), ElementsAre("Xproxy", "Realm", "Statsd", "LastUpdates", "Apps"));
    EXPECT_THAT(keys_of(shown.at("LastUpdates")),
                ElementsAre("LastSync", "LastConfigRendered", "LastConfigValid", "LastNginxReload"));
    const Json app = shown.at("Apps").at("/web");
    EXPECT_THAT(keys_of(app),
                ElementsAre("Tasks", "Labels", "Env", "Hosts", "PortDefinitions", "HealthChecks", "Container"));
    EXPECT_THAT(keys_of(app.at("Tasks").at(0)), ElementsAre("AppID", "Host", "ID", "Ports", "ServicePorts", "SlaveID",
                                                            "StagedAt", "StartedAt", "State", "Version", "Labels"));
    const Json mapping = app.at("Container").at("PortMappings").at(0);
    EXPECT_THAT(keys_of(mapping), ElementsAre("ContainerPort", "HostPort", "Labels", "Protocol", "ServicePort"));
    EXPECT_EQ(mapping.at("ContainerPort"), 8080);

    EXPECT_EQ(http_get(port, "/v1/metrics").status, 200);
    EXPECT_EQ(http_get(port, "/v1/reload/").status, 404);
    const HttpReply root = http_get(port, "/");  // three lines of text in Nixy
    EXPECT_EQ(root.status, 200);
    EXPECT_THAT(root.headers.at("content-type"), StartsWith("text/html"));
  }
}

// 500 in Nixy, and text/plain by mistake.
TEST_F(NixyContractTest, UnhealthyIs503InJson) {
  Proxy& proxy = cluster().proxy(0);
  proxy.nginx().kill();
  ASSERT_TRUE(wait_until([&] { return proxy.health_status() == 503; }, seconds(20)));
  const HttpReply health = http_get(proxy.admin_port(), "/v1/health");
  EXPECT_THAT(health.headers.at("content-type"), StartsWith("application/json"));
  EXPECT_THAT(keys_of(Json::parse(health.body).at("Config")), ElementsAre("Healthy", "Message"));
  EXPECT_EQ(nagios_state(health), 2);
}

TEST_F(NixyContractTest, MetricsKeepTheirNamesAndCountOnEveryAgent) {
  const std::array names = {"nixy_reloads_failed",
                            "nixy_reloads_successful",
                            "nixy_reload_duration_count",
                            "nixy_invalid_subdomain_label_warnings",
                            "nixy_duplicate_subdomain_label_warnings",
                            "nixy_endpoint_check_fails",
                            "nixy_endpoint_down_errors",
                            "nixy_all_endpoints_down_errors",
                            "nixy_marathon_stream_errors",
                            "nixy_marathon_stream_no_data_warnings",
                            "nixy_marathon_events_received"};
  for (const auto& proxy : cluster().proxies()) {
    for (const char* name : names) EXPECT_GE(metric(*proxy, name), 0) << name;
    EXPECT_GE(metric(*proxy, "nixy_reloads_successful"), 1);
    EXPECT_GE(metric(*proxy, "nixy_reload_duration_bucket{le=\"25.6\"}"), 1);
  }
  ASSERT_TRUE(marathon().fault("ping", "status"));
  const auto everybody = [&](const char* name) {
    return wait_until([&] { return metric(follower(), name) > 0; }, seconds(30));
  };
  EXPECT_TRUE(everybody("nixy_endpoint_check_fails"));
  EXPECT_TRUE(everybody("nixy_all_endpoints_down_errors"));
  EXPECT_EQ(metric(follower(), "nixy_endpoint_down_errors"), 0);
  EXPECT_FALSE(page(follower(), "/v1/health").at("Endpoints").at(0).at("Healthy").get<bool>());
  EXPECT_EQ(nagios_state(http_get(follower().admin_port(), "/v1/health")), 2);
  ASSERT_TRUE(marathon().clear_faults());
  ASSERT_TRUE(marathon().stop_accepting());
  EXPECT_TRUE(everybody("nixy_endpoint_down_errors"));
  ASSERT_TRUE(marathon().start_accepting());
  EXPECT_TRUE(
      wait_until([&] { return nagios_state(http_get(follower().admin_port(), "/v1/health")) == 0; }, seconds(30)))
      << follower().health().dump(2);
}

TEST_F(NixyContractTest, TasksAreFilteredAsByNixy) {
  ASSERT_TRUE(marathon().create("/plain", 3));
  ASSERT_TRUE(marathon().create("/checked", 3, {{"healthChecks", 2}}));
  ASSERT_TRUE(marathon().create("/portless", 1, {{"portDefinitions", nlohmann::json::array()}}));
  ASSERT_TRUE(served("/plain") && served("/checked")) << cluster().logs();
  ASSERT_TRUE(has_tasks("/plain", 3) && has_tasks("/checked", 3)) << cluster().logs();
  EXPECT_EQ(tasks_of("/portless"), -1);
  const auto command = [&](const std::string& name, const nlohmann::json& arguments) {
    return !marathon().control(name, arguments).is_null();
  };
  ASSERT_TRUE(command("state", {{"app", "/plain"}, {"index", 0}, {"state", "TASK_UNREACHABLE"}}));
  EXPECT_TRUE(has_tasks("/plain", 2)) << "not TASK_RUNNING";
  ASSERT_TRUE(command("health", {{"app", "/checked"}, {"index", 0}, {"alive", false}}));
  EXPECT_TRUE(has_tasks("/checked", 2)) << "a result says dead";
  ASSERT_TRUE(command("health", {{"app", "/checked"}, {"index", 0}, {"alive", true}}));
  EXPECT_TRUE(has_tasks("/checked", 3));
  ASSERT_TRUE(command("settings", {{"health_delay", "60m"}}));
  ASSERT_TRUE(marathon().scale("/checked", 4));
  ASSERT_TRUE(marathon().create("/unjudged", 1, {{"healthChecks", 1}}));
  ASSERT_TRUE(marathon().create("/last", 1));
  ASSERT_TRUE(served("/last") && has_tasks("/last", 1));
  EXPECT_EQ(tasks_of("/checked"), 3) << "the fourth has no result yet";
  EXPECT_EQ(tasks_of("/unjudged"), -1);
}

}  // namespace
}  // namespace chorale::testing
