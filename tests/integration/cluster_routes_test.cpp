// The main job on real parts: what Marathon runs is what every proxy serves, and everybody agrees on which state that
// is.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/harness/real_cluster.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

std::string output_of(const std::string& command) {
  std::string text;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::array<char, 4096> buffer{};
  while (pipe != nullptr && std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) text += buffer.data();
  return text;
}

std::string cli(RealCluster& cluster, const std::string& verb) {
  return output_of(std::string(CHORALE_BINARY) + " " + verb + " -f " + cluster.proxy(0).config_file());
}

std::string file_text(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class ClusterRoutesTest : public ::testing::Test {
 protected:
  ClusterRoutesTest() = default;
  explicit ClusterRoutesTest(RealCluster::Options options) : cluster_(std::move(options)) {}
  void SetUp() override { ASSERT_TRUE(cluster_.start()) << cluster_.logs(); }
  RealCluster cluster_;
};

TEST_F(ClusterRoutesTest, AppIsRoutedOnEveryProxyUntilItIsDestroyed) {
  ASSERT_TRUE(cluster_.marathon().create("/hello-world", 2));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/hello-world"); }, seconds(10))) << cluster_.logs();
  ASSERT_TRUE(cluster_.marathon().create("/shop/cart", 1));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/shop/cart"); }, seconds(10)));
  ASSERT_TRUE(cluster_.marathon().destroy("/hello-world"));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_nowhere("/hello-world"); }, seconds(10))) << cluster_.logs();
  EXPECT_TRUE(cluster_.routed_everywhere("/shop/cart"));
}

// It keeps them after it has applied them: killed between the two, it has those of before.
TEST_F(ClusterRoutesTest, AgentThatWasKilledBeforeItKeptItsRoutesReadsThemAgain) {
  Proxy& proxy = cluster_.proxy(0);
  const std::filesystem::path kept = proxy.directory() / "state" / "routes.json";
  const auto said = [&] {
    return nlohmann::json::parse(http_get(proxy.admin_port(), "/v1/routes").body, nullptr, false);
  };
  const auto says = [&](const char* app) {
    const auto routes = said();
    if (!routes.is_object()) return false;
    const auto apps = routes.value("/routes/apps"_json_pointer, nlohmann::json::array());
    return apps.size() == 1 && apps.at(0).at("id") == app && routes.at("applied").at("revision").is_string();
  };
  ASSERT_TRUE(cluster_.marathon().create("/before", 1));
  ASSERT_TRUE(wait_until([&] { return says("/before"); }, seconds(20))) << said();
  const std::string before = file_text(kept);
  ASSERT_TRUE(cluster_.marathon().destroy("/before"));
  ASSERT_TRUE(cluster_.marathon().create("/after", 1));
  ASSERT_TRUE(wait_until([&] { return says("/after") && cluster_.converged(); }, seconds(20))) << said();
  const auto revision = said().at("applied").at("revision");

  proxy.kill_agent();
  std::ofstream(kept) << before;
  proxy.start_agent();
  EXPECT_TRUE(wait_until([&] { return says("/after"); }, seconds(20))) << said();
  EXPECT_EQ(said().at("applied").at("revision"), revision);
  EXPECT_NE(file_text(kept).find("/after"), std::string::npos);
}

TEST_F(ClusterRoutesTest, EveryAnswerNamesItsOwnProxy) {
  ASSERT_TRUE(cluster_.marathon().create("/web", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web"); }, seconds(10)));
  for (const auto& proxy : cluster_.proxies()) EXPECT_EQ(proxy->get("/web/").headers["x-proxy"], proxy->id());
}

// On the day on which a site moves over, the file is Nixy's: other names, hosts by name.
TEST_F(ClusterRoutesTest, CompareSaysWhatAFileInServiceDoesOtherwise) {
  ASSERT_TRUE(cluster_.marathon().create("/web", 2));
  ASSERT_TRUE(cluster_.marathon().create("/shop/cart", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && cluster_.routed_everywhere("/shop/cart"); },
                         seconds(10)));
  ASSERT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(10)));
  const Proxy& proxy = cluster_.proxy(0);
  const auto own = proxy.run("compare", cluster_.proxy(1).nginx().config_file());
  EXPECT_EQ(own.exit_code, 0) << own.output;
  EXPECT_NE(own.output.find("2 apps alike, 0 different"), std::string::npos) << own.output;

  const auto tasks = cluster_.marathon().tasks("/web");
  ASSERT_EQ(tasks.size(), 2U);
  const std::string first = std::to_string(tasks[0].ports.at(0));
  const std::string second = std::to_string(tasks[1].ports.at(0));
  const TempDir directory("nixy");
  const std::string file = directory.path() / "nixy.conf";
  std::ofstream(file) << "http { upstream web { server localhost:" << first << "; server 127.0.0.1:9; }\n"
                      << "upstream old { server 127.0.0.1:10; } }\n";
  const auto other = proxy.run("compare", file);
  EXPECT_EQ(other.exit_code, 1);
  for (const std::string& line :
       {"/web (upstream web): only routed 127.0.0.1:" + second + "; only in the file 127.0.0.1:9\n",
        std::string("/shop/cart: routed, not in the file\n"),
        std::string("upstream old: in the file, of no routed app\n")}) {
    EXPECT_NE(other.output.find(line), std::string::npos) << line << other.output;
  }
  EXPECT_EQ(proxy.run("compare", file + ".gone").exit_code, 2);
  EXPECT_EQ(proxy.run("compare", proxy.config_file()).exit_code, 2) << "no Nginx file";
}

TEST_F(ClusterRoutesTest, ZkCliStatusAndHealthAgree) {
  ASSERT_TRUE(cluster_.marathon().create("/web", 3));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && cluster_.converged(); }, seconds(10)));
  const auto cluster = cluster_.proxy(0).health().at("Cluster");

  const std::string shown = output_of("/usr/share/zookeeper/bin/zkCli.sh -server " + cluster_.zookeeper().address() +
                                      " get /chorale/state 2>/dev/null");
  const auto begin = shown.find("\n{");
  ASSERT_NE(begin, std::string::npos) << shown;
  const auto state = nlohmann::json::parse(shown.substr(begin, shown.find("\n}", begin) + 2 - begin), nullptr, false);
  ASSERT_TRUE(state.is_object()) << shown;
  EXPECT_EQ(state.at("epoch"), cluster.at("Epoch"));
  EXPECT_EQ(state.at("committed").at("revision"), cluster.at("Applied"));
  EXPECT_EQ(state.at("committed").at("digest"), cluster.at("Digest"));
  EXPECT_EQ(state.at("leader"), cluster.at("Leader"));

  const auto status = nlohmann::json::parse(cli(cluster_, "status --json"), nullptr, false);
  ASSERT_TRUE(status.is_object());
  EXPECT_EQ(status.at("state").at("committed"), state.at("committed"));
  ASSERT_EQ(status.at("agents").size(), 3U);
  for (const auto& agent : status.at("agents")) EXPECT_EQ(agent.at("applied").at("digest"), cluster.at("Digest"));
  EXPECT_NE(cli(cluster_, "routes /web").find("/web"), std::string::npos);
}

TEST_F(ClusterRoutesTest, AnAppThatCannotBeReadIsNamedAndTheOthersGoOn) {
  MarathonSimulator& marathon = cluster_.marathon();
  ASSERT_TRUE(marathon.create("/web", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web"); }, seconds(10)));
  ASSERT_TRUE(marathon.create("/odd", 1, {{"portDefinitions", {{{"port", 123450}, {"protocol", "tcp"}}}}}));
  const auto named = [&] {
    Proxy* leader = cluster_.leader();
    const auto health = leader == nullptr ? nlohmann::json() : leader->health();
    return health.is_object() && health.at("Status") == "degraded" &&
           health.at("Message").get<std::string>().find("app /odd cannot be read") != std::string::npos;
  };
  EXPECT_TRUE(wait_until(named, seconds(10))) << cluster_.logs();
  ASSERT_TRUE(marathon.create("/later", 1));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/later"); }, seconds(10))) << cluster_.logs();
  EXPECT_TRUE(cluster_.routed_everywhere("/web"));
  EXPECT_NE(cli(cluster_, "status --json").find("portDefinitions[0].port is 123450"), std::string::npos);
  ASSERT_TRUE(marathon.destroy("/odd"));
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
}

// What an operator and an app's labels decide, with the shipped template.
class ClusterRulesTest : public ClusterRoutesTest {
 protected:
  ClusterRulesTest()
      : ClusterRoutesTest({.more_config = "empty_apps = \"keep\"\nrealm = [\"blue\", \"green\"]\n"
                                          "merge_label = \"shown_as\"\n",
                           .first_app = {{"labels", {{"NIXY_REALM", "blue"}}}}}) {}
  std::string config() { return file_text(cluster_.proxy(0).nginx().config_file()); }
  bool writes(const std::string& text) {
    return wait_until([&] { return config().find(text) != std::string::npos; }, seconds(20));
  }
};

// Blue and green versions of one service, by the shipped template: a ninth of the requests for green.
TEST_F(ClusterRulesTest, AppsThatAreServedAsOneShareItsRequestsByTheirWeights) {
  MarathonSimulator& marathon = cluster_.marathon();
  const auto labels = [](const char* weight) {
    return nlohmann::json{{"labels", {{"NIXY_REALM", "blue"}, {"shown_as", "web"}, {"chorale.weight", weight}}}};
  };
  ASSERT_TRUE(marathon.create("/web-blue", 2, labels("4")));
  ASSERT_TRUE(wait_until([&] { return cluster_.proxy(2).get("/web/").status == 200; }, seconds(20))) << cluster_.logs();
  ASSERT_TRUE(marathon.create("/web-green", 1, labels("1")));
  const auto by = [&](const std::string& app) {
    int count = 0;
    for (int i = 0; i < 90; ++i) {
      count += cluster_.proxy(0).get("/web/").body.find("app=" + app + " ") != std::string::npos ? 1 : 0;
    }
    return count;
  };
  ASSERT_TRUE(wait_until([&] { return by("/web-green") > 0 && cluster_.converged(); }, seconds(20))) << cluster_.logs();
  const int green = by("/web-green");
  EXPECT_TRUE(green >= 1 && green <= 30) << green << " of 90, 10 expected";
  EXPECT_TRUE(cluster_.routed_nowhere("/web-blue"));
  ASSERT_TRUE(marathon.destroy("/web-blue"));
  EXPECT_TRUE(wait_until([&] { return by("/web-green") == 90; }, seconds(20))) << cluster_.logs();
}

TEST_F(ClusterRulesTest, RealmsPortsAndAppsWithoutTasksAreAsWasSaid) {
  MarathonSimulator& marathon = cluster_.marathon();
  const nlohmann::json two_ports = {
      {"portDefinitions", {{{"port", 0}, {"name", "web"}}, {{"port", 0}, {"name", "admin"}}}},
      {"labels", {{"NIXY_REALM", "green"}, {"chorale.port", "admin"}}}};
  ASSERT_TRUE(marathon.create("/ports", 1, two_ports));
  ASSERT_TRUE(marathon.create("/idle", 1, {{"labels", {{"NIXY_REALM", "blue"}}}}));
  ASSERT_TRUE(marathon.create("/other", 1, {{"labels", {{"NIXY_REALM", "red"}}}}));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/idle"); }, seconds(20))) << cluster_.logs();
  const auto tasks = marathon.tasks("/ports");
  ASSERT_EQ(tasks.size(), 1U);
  ASSERT_EQ(tasks[0].ports.size(), 2U);
  EXPECT_TRUE(writes("server 127.0.0.1:" + std::to_string(tasks[0].ports[1]) + " ")) << config();
  EXPECT_EQ(config().find("127.0.0.1:" + std::to_string(tasks[0].ports[0]) + " "), std::string::npos);
  EXPECT_TRUE(cluster_.routed_nowhere("/other"));

  ASSERT_TRUE(marathon.scale("/idle", 0));
  EXPECT_TRUE(writes("server 0.0.0.0:1 down;")) << config();
  EXPECT_TRUE(
      wait_until([&] { return cluster_.proxy(0).get("/idle/").status == 503 && cluster_.converged(); }, seconds(20)))
      << cluster_.logs();
  ASSERT_TRUE(marathon.scale("/idle", 1));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/idle"); }, seconds(20))) << cluster_.logs();
}

// Every second task runs on a slave whose name does not resolve.
class ClusterBadAppsTest : public ClusterRoutesTest {
 protected:
  ClusterBadAppsTest() : ClusterRoutesTest({.simulator = {"--hosts", "127.0.0.1,no-such-host.invalid=127.0.0.1"}}) {}
};

TEST_F(ClusterBadAppsTest, OneBadAppHarmsNobodyElse) {
  MarathonSimulator& marathon = cluster_.marathon();
  ASSERT_TRUE(marathon.create("/good", 2));
  ASSERT_TRUE(
      marathon.create("/injecting", 2, {{"labels", {{"subdomain", "; } server {"}, {"note", "$http_cookie"}}}}));
  ASSERT_TRUE(marathon.create(
      "/secretive", 2, {{"env", {{"PASSWORD", {{"secret", "db"}}}}}, {"secrets", {{"db", {{"source", "/db"}}}}}}));
  ASSERT_TRUE(marathon.create("/late", 2));
  for (const char* app : {"/good", "/injecting", "/secretive", "/late"}) {
    EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere(app); }, seconds(20))) << app << cluster_.logs();
  }
  const std::string config = file_text(cluster_.proxy(0).nginx().config_file());
  EXPECT_EQ(config.find("; } server {"), std::string::npos);
  EXPECT_EQ(config.find("no-such-host"), std::string::npos);
  const std::string log = cluster_.leader()->agent_log();
  for (const char* named : {"/injecting", "no-such-host.invalid"}) {
    EXPECT_NE(log.find(named), std::string::npos) << named << " is not named in\n" << log;
  }
}

// Addresses that are no slave's, as a broken or hostile Marathon lists them, beside one that is.
class ClusterOddAddressesTest : public ClusterRoutesTest {
 protected:
  static constexpr std::array kOdd = {"169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "0.1.2.3"};
  ClusterOddAddressesTest() : ClusterRoutesTest({.simulator = {"--hosts", hosts()}}) {}
  static std::string hosts() {
    std::string text = "127.0.0.1";
    for (const char* odd : kOdd) text += "," + std::string(odd) + "=127.0.0.1";
    return text;
  }
};

TEST_F(ClusterOddAddressesTest, AreNeverServers) {
  ASSERT_TRUE(cluster_.marathon().create("/web", 12));
  ASSERT_TRUE(cluster_.marathon().settled(seconds(20)));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web") && cluster_.converged(); }, seconds(20)))
      << cluster_.logs();
  std::size_t listed = 0;
  for (const auto& task : cluster_.marathon().tasks("/web")) listed += task.host != "127.0.0.1" ? 1U : 0U;
  ASSERT_GE(listed, 5U) << "the simulator shows them";
  for (const auto& proxy : cluster_.proxies()) {
    const std::string config = file_text(proxy->nginx().config_file());
    EXPECT_NE(config.find("server 127.0.0.1:"), std::string::npos);
    for (const char* odd : kOdd) EXPECT_EQ(config.find("server " + std::string(odd)), std::string::npos) << odd;
    for (int i = 0; i < 12; ++i) EXPECT_EQ(proxy->get("/web/").status, 200);
  }
}

// The template that most sites have from Nixy: apps by host name, `server_name h h.*`.
class ClusterVhostTest : public ::testing::Test {
 protected:
  ClusterVhostTest() {
    std::ofstream(template_) << R"(pid @{nginx_pid};
error_log @{nginx_error_log} warn;
events {}
http {
    access_log off;
    server { listen @{http_port} default_server; server_name _; return 503; }
{{#apps}}
    upstream {{host}} {
{{#servers}}
        server {{address}};
{{/servers}}
    }
    server {
        listen @{http_port};
        server_name {{host}} {{host}}.*;
        location / { proxy_pass http://{{host}}; }
    }
{{/apps}}
}
)";
    ::setenv("CHORALE_NGINX_TEMPLATE", template_.c_str(), 1);
  }
  ~ClusterVhostTest() override { ::unsetenv("CHORALE_NGINX_TEMPLATE"); }

  // The app that answers for a host on the first proxy; "" for none.
  std::string app_at(const std::string& host) {
    HttpCall call;
    call.port = cluster_.proxy(0).nginx().port();
    call.headers["Host"] = host;
    const std::string body = http_call(call).body;
    return body.starts_with("app=") ? body.substr(4, body.find(' ') - 4) : "";
  }
  bool serves(const std::string& host, const std::string& app) {
    return wait_until([&] { return app_at(host) == app; }, seconds(10));
  }

  TempDir directory_{"vhost"};
  std::string template_ = directory_.path() / "vhost.mustache";
  RealCluster cluster_{{.proxies = 1, .routes_by_path = false}};
};

TEST_F(ClusterVhostTest, NoHostThatAnAppChoosesHarmsAnother) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  MarathonSimulator& marathon = cluster_.marathon();
  const auto create = [&](const std::string& id, const std::string& hosts) {
    return marathon.create(id, 1, {{"labels", {{"subdomain", hosts}}}});
  };
  ASSERT_TRUE(marathon.create("/hello-world", 1));
  ASSERT_TRUE(serves("hello-world", "/hello-world")) << cluster_.logs();
  const std::string longest(46, 'a');
  const std::string too_long(47, 'b');
  const std::string label(63, 'c');
  ASSERT_TRUE(create("/aaa", "hello-world"));
  ASSERT_TRUE(create("/wild", "*.wild wild"));
  ASSERT_TRUE(create("/longest", longest));
  ASSERT_TRUE(create("/long", too_long + " short"));
  ASSERT_TRUE(create("/label", label));
  ASSERT_TRUE(marathon.create("/" + std::string(100, 'd'), 1));
  ASSERT_TRUE(create("/zzz", "last"));
  EXPECT_TRUE(serves("last", "/zzz")) << cluster_.logs();
  EXPECT_TRUE(serves("wild", "/wild"));
  EXPECT_TRUE(serves("short", "/long"));
  EXPECT_TRUE(serves(longest, "/longest")) << "Nginx takes as much as we think";
  EXPECT_TRUE(serves(longest + ".anything", "/longest"));
  EXPECT_TRUE(serves("_aaa", "/aaa"));
  // Until all is proven, an old worker may still answer.
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(10))) << cluster_.logs();
  EXPECT_EQ(app_at("hello-world"), "/hello-world");
  EXPECT_EQ(app_at(too_long), "");
  EXPECT_EQ(app_at(label), "");
  const std::string log = cluster_.proxy(0).agent_log();
  for (const char* named : {"app /aaa is served without host hello-world: it belongs to /hello-world",
                            "app /wild is served without host \"*.wild\"", "app /label is left out"}) {
    EXPECT_NE(log.find(named), std::string::npos) << named << "\n" << log;
  }
}

// One byte more than we let through, straight to Nginx.
TEST(NginxBucketTest, RefusesTheFirstHostThatIsRefusedHere) {
  TempDir directory("bucket");
  const std::string file = directory.path() / "nginx.conf";
  const auto refuses = [&](std::size_t bytes) {
    // Nginx makes no hash for a single server.
    std::ofstream(file) << "events {} http { server { listen 127.0.0.1:1; } server { listen 127.0.0.1:1; server_name "
                        << std::string(bytes, 'a') << "; } }\n";
    return output_of("nginx -t -e /dev/null -c " + file + " 2>&1").find("server_names_hash_bucket_size") !=
           std::string::npos;
  };
  EXPECT_FALSE(refuses(46));
  EXPECT_TRUE(refuses(47));
}

}  // namespace
}  // namespace chorale::testing
