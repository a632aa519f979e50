// The shipped template on a real Nginx, in front of servers of which some are ill.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "render/local_values.h"
#include "render/template.h"
#include "tests/harness/http_client.h"
#include "tests/harness/loopback.h"
#include "tests/harness/nginx_instance.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr std::uint16_t kServerPort = 31'000;  // in a network of the test's own

std::string read_template() {
  std::ifstream file(CHORALE_TEMPLATE);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

render::Server server(const std::string& host) {
  render::Server made;
  made.host = host;
  made.port = kServerPort;
  made.address = host + ":" + std::to_string(kServerPort);
  made.task_id = "task-" + host;
  return made;
}

// A host that no longer answers connects: the queue of its socket is full, so that the kernel drops what comes.
class SilentHost {
 public:
  explicit SilentHost(std::uint32_t address) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(kServerPort);
    where.sin_addr.s_addr = htonl(address);
    const auto* name = reinterpret_cast<const sockaddr*>(&where);
    if (::bind(listener_.descriptor(), name, sizeof where) != 0) return;
    if (::listen(listener_.descriptor(), 0) != 0) return;
    for (int i = 0; i < 4; ++i) {
      waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      silent_ = ::connect(waiting_.back().descriptor(), name, sizeof where) != 0;  // under way, most of them for ever
    }
  }
  [[nodiscard]] bool silent() const { return silent_; }

 private:
  Socket listener_;
  std::vector<Socket> waiting_;
  bool silent_ = false;
};

class ShippedTemplateTest : public ::testing::Test {
 protected:
  // Servers that name themselves; "/broken" is a page that each of them answers with 500.
  bool start_servers(const std::vector<std::string>& hosts) {
    std::string listed;
    for (const std::string& host : hosts) {
      const std::string opening = "  server {\n    listen " + host + ":" + std::to_string(kServerPort) + ";\n";
      listed +=
          opening + "    location / { return 200 \"" + host + "\"; }\n    location /broken { return 500; }\n  }\n";
    }
    std::ofstream(servers_.config_file()) << servers_.config("servers", "", listed);
    return servers_.start();
  }

  bool start_proxy(const std::vector<std::string>& hosts, const std::map<std::string, std::string>& labels = {}) {
    render::App web;
    web.id = web.path = "/web";
    web.name = "web";
    web.hosts = {"web"};
    web.labels = labels;
    web.ports.emplace_back();
    for (const std::string& host : hosts) web.ports.front().servers.push_back(server(host));
    const auto compiled = render::Template::compile(read_template(), "path.mustache");
    EXPECT_TRUE(compiled) << compiled.error().text();
    const auto rendered = compiled->render({"", {web}});
    EXPECT_TRUE(rendered) << rendered.error().text();
    const auto text =
        render::fill_in_local_values(rendered->text, {{"xproxy", "proxy-1"},
                                                      {"proof", ""},
                                                      {"http_port", "127.0.0.1:" + std::to_string(proxy_.port())},
                                                      {"nginx_pid", proxy_.pid_file()},
                                                      {"nginx_error_log", proxy_.error_log()}});
    EXPECT_TRUE(text) << text.error().text();
    std::ofstream(proxy_.config_file()) << *text;
    return proxy_.start();
  }

  HttpReply get(const std::string& path) { return http_get(proxy_.port(), "/web" + path); }

  // Until no worker of before is left.
  bool reload() {
    const std::vector<pid_t> before = proxy_.worker_pids();
    proxy_.signal(SIGHUP);
    return wait_until(
        [&] {
          const std::vector<pid_t> now = proxy_.worker_pids();
          return !now.empty() && std::none_of(before.begin(), before.end(), [&](pid_t old) {
            return std::find(now.begin(), now.end(), old) != now.end();
          });
        },
        seconds(10));
  }

  NginxInstance servers_;
  NginxInstance proxy_;
};

TEST_F(ShippedTemplateTest, BrokenPageHarmsNoOtherPageOfItsApp) {
  ASSERT_TRUE(start_servers({"127.0.1.1", "127.0.1.2", "127.0.1.3"}));
  ASSERT_TRUE(start_proxy({"127.0.1.1", "127.0.1.2", "127.0.1.3"}));
  int failed = 0;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(get("/broken").status, 500) << "the app's own answer";
    if (get("/healthy").status != 200) ++failed;
  }
  EXPECT_EQ(failed, 0);
}

TEST_F(ShippedTemplateTest, AppMayAskForAnotherServerAfterItsAnswer) {
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  // The second server knows no page at all.
  NginxInstance other;
  std::ofstream(other.config_file()) << other.config(
      "other", "", "  server { listen 127.0.1.2:31000; location / { return 503; } }\n");
  ASSERT_TRUE(other.start());
  ASSERT_TRUE(start_proxy({"127.0.1.1", "127.0.1.2"}, {{"chorale.retry", "http_502, http_503"}}));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/page").body, "127.0.1.1");
}

TEST_F(ShippedTemplateTest, HostThatVanishedSlowsFewRequests) {
  ASSERT_TRUE(start_servers({"127.0.1.1", "127.0.1.2"}));
  const SilentHost vanished(0x7f000109U);
  ASSERT_TRUE(vanished.silent());
  ASSERT_TRUE(start_proxy({"127.0.1.1", "127.0.1.2", "127.0.1.9"}));
  int slow = 0;
  for (int i = 0; i < 60 && slow <= 6; ++i) {
    const auto before = Clock::now();
    EXPECT_EQ(get("/page").status, 200);
    if (Clock::now() - before > milliseconds(1'000)) ++slow;
  }
  EXPECT_LE(slow, 6);
  EXPECT_GE(slow, 1) << "no request met the vanished host: the test says nothing";
}

TEST_F(ShippedTemplateTest, ReloadsLeaveTheLoadSpread) {
  const std::vector<std::string> hosts{"127.0.1.1", "127.0.1.2", "127.0.1.3"};
  ASSERT_TRUE(start_servers(hosts));
  ASSERT_TRUE(start_proxy(hosts));
  std::map<std::string, int> served;
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(reload());
    for (int request = 0; request < 2; ++request) ++served[get("/page").body];
  }
  // One in three of 60; less than 5 comes by chance once in some 100,000 runs.
  for (const std::string& host : hosts) EXPECT_GE(served[host], 5) << host;
}

}  // namespace
}  // namespace chorale::testing
