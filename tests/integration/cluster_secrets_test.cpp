// A value of [local] that Nginx uses, and then stumbles over: it is in Nginx's own files, and nowhere else.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>

#include "coordination/zookeeper_store.h"
#include "tests/harness/event_loop.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

// Once Nginx reads the second one, it sees two directives.
const std::string kSecret = "sekrit0value";
const std::string kStumbles = "sekrit0value; drop4it on";

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool holds_secret(const std::string& text) {
  return text.find(kSecret) != std::string::npos || text.find("drop4it") != std::string::npos;
}

// The whole tree, as an operator with zkCli could print it.
std::string all_znodes(const std::string& zookeeper) {
  EventLoop loop;
  coordination::ZookeeperOptions options;
  options.hosts = zookeeper;
  options.post = loop.poster();
  const auto store = coordination::make_zookeeper_store(std::move(options));
  bool connected = false;
  store->on_session([&](const coordination::SessionEvent& event) {
    connected = event.state == coordination::SessionState::kConnected;
  });
  store->open(coordination::Generation{1});
  EXPECT_TRUE(loop.run_until([&] { return connected; }));
  std::string text;
  std::vector<coordination::Path> paths{coordination::Path("/chorale")};
  while (!paths.empty()) {
    const coordination::Path path = paths.back();
    paths.pop_back();
    int answers = 0;
    store->execute(coordination::ReadNode{path}, [&](const coordination::Outcome& outcome) {
      if (outcome) text += path.text() + "\n" + std::get<coordination::NodeRead>(*outcome).data + "\n";
      ++answers;
    });
    store->execute(coordination::ListChildren{path}, [&](const coordination::Outcome& outcome) {
      if (outcome) {
        for (const std::string& name : std::get<coordination::Listed>(*outcome).names) {
          paths.push_back(path.child(name));
        }
      }
      ++answers;
    });
    EXPECT_TRUE(loop.run_until([&] { return answers == 2; }));
  }
  return text;
}

std::string all_command_lines() {
  std::string text;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos) text += text_of(entry.path() / "cmdline") + "\n";
  }
  return text;
}

class ClusterSecretsTest : public ::testing::Test {
 protected:
  static RealCluster::Options options(const TempDir& directory) {
    const std::string file = directory.path() / "nginx.conf.mustache";
    std::string text = text_of(CHORALE_TEMPLATE);
    text.replace(text.find("    absolute_redirect off;"), 0, "    add_header X-Key @{api_key};\n");
    std::ofstream(file) << text;
    RealCluster::Options options;
    options.proxies = 2;
    options.nginx_template = file;
    options.more_local = "api_key = \"" + kSecret + "\"\n";
    return options;
  }
  static void set_secret(Proxy& proxy, const std::string& value) {
    const std::string config =
        std::regex_replace(text_of(proxy.config_file()), std::regex("api_key = .*"), "api_key = \"" + value + "\"");
    std::ofstream(proxy.config_file()) << config;
    proxy.signal_agent(SIGHUP);
  }
  void expect_no_secret_outside() {
    EXPECT_FALSE(holds_secret(all_znodes(cluster_.zookeeper().address())));
    EXPECT_FALSE(holds_secret(all_command_lines()));
    for (const auto& proxy : cluster_.proxies()) {
      EXPECT_FALSE(holds_secret(proxy->agent_log())) << proxy->agent_log();
      for (const char* page : {"/", "/v1/health", "/v1/status", "/v1/config", "/v1/metrics"}) {
        const std::string body = http_get(proxy->admin_port(), page).body;
        EXPECT_FALSE(body.empty()) << page;
        EXPECT_FALSE(holds_secret(body)) << page << body;
      }
      for (const fs::path& root : {proxy->directory(), fs::path(proxy->nginx().directory())}) {
        for (const auto& entry : fs::recursive_directory_iterator(root)) {
          // The operator's own file, and Nginx's own log.
          if (!entry.is_regular_file() || entry.path() == proxy->config_file()) continue;
          if (entry.path() == proxy->nginx().error_log() || !holds_secret(text_of(entry.path()))) continue;
          EXPECT_EQ(entry.status().permissions() & fs::perms::others_all, fs::perms::none) << entry.path();
        }
      }
    }
  }

  TempDir directory_{"secrets"};
  RealCluster cluster_{options(directory_)};
};

TEST_F(ClusterSecretsTest, AValueOfLocalStaysOnItsProxy) {
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  Proxy& stumbler = cluster_.leader() == &cluster_.proxy(1) ? cluster_.proxy(0) : cluster_.proxy(1);
  ASSERT_TRUE(holds_secret(text_of(stumbler.nginx().config_file()))) << "it is in use";
  expect_no_secret_outside();

  set_secret(stumbler, kStumbles);
  const auto message = [&stumbler] { return stumbler.health().value("Message", ""); };
  ASSERT_TRUE(wait_until([&] { return message().find("unknown directive") != std::string::npos; }, seconds(15)))
      << message();
  ASSERT_TRUE(cluster_.marathon().create("/new", 1));
  const auto voted = [&stumbler] {
    return http_get(stumbler.admin_port(), "/v1/status").body.find("unknown directive") != std::string::npos;
  };
  ASSERT_TRUE(wait_until(voted, seconds(15)));
  expect_no_secret_outside();

  set_secret(stumbler, kSecret);
  EXPECT_TRUE(wait_until([&] { return stumbler.routes("/new") && cluster_.converged(); }, seconds(40)))
      << cluster_.logs();
  expect_no_secret_outside();
}

}  // namespace
}  // namespace chorale::testing
