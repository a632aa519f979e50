// TCP by service port on a pool of three, where a program of one proxy, or of each, holds such a port.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/harness/http_client.h"
#include "tests/harness/loopback.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using ::testing::HasSubstr;

json on_port(int service_port, const json& labels = json::object()) {
  return {{"portDefinitions", json::array({{{"port", service_port}, {"protocol", "tcp"}}})}, {"labels", labels}};
}

std::string address_of(std::size_t proxy) { return "127.0.1." + std::to_string(proxy + 1); }

Socket hold(const std::string& address, std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &where.sin_addr);
  const int on = 1;
  ::setsockopt(socket.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // an earlier test's connections linger
  EXPECT_EQ(::bind(socket.descriptor(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
  EXPECT_EQ(::listen(socket.descriptor(), 16), 0);
  return socket;
}

class ClusterPortsTest : public ::testing::Test {
 protected:
  // The shipped template, on an address of each proxy's own: they share one host here.
  void SetUp() override {
    const auto file = std::filesystem::path(CHORALE_TEMPLATE).parent_path() / "stream.mustache";
    std::ifstream stream(file);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    const std::string listen = "        listen {{tcp_port}} ";
    const std::size_t at = text.find(listen);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, listen.size(), "        listen 127.0.1.@{number}:{{tcp_port}} ");
    const std::string file_name = directory_.path() / "nginx.conf.mustache";
    std::ofstream(file_name) << text;
    cluster_ = std::make_unique<RealCluster>(
        RealCluster::Options{.routes_by_path = false, .nginx_template = file_name, .more_local = "ipv6 = \"#\"\n"});
    ASSERT_TRUE(cluster_->start()) << cluster_->logs();
    ASSERT_TRUE(cluster_->marathon().create("/kept", 1, on_port(10'300)));
    ASSERT_TRUE(served_everywhere("/kept", 10'300)) << cluster_->logs();
  }

  [[nodiscard]] static bool served(std::size_t proxy, const std::string& app, std::uint16_t port) {
    HttpCall call;
    call.host = address_of(proxy);
    call.port = port;
    call.timeout = seconds(1);
    const HttpReply reply = http_call(call);
    return reply.status == 200 && reply.body.find("app=" + app + " ") != std::string::npos;
  }
  [[nodiscard]] static bool served_everywhere(const std::string& app, std::uint16_t port) {
    return wait_until([&] { return served(0, app, port) && served(1, app, port) && served(2, app, port); },
                      seconds(20));
  }
  [[nodiscard]] json quarantined() const {
    Proxy* leader = cluster_->leader();
    const json health = leader == nullptr ? json() : leader->health();
    return health.is_object() ? health.at("Quarantined") : json::array();
  }
  [[nodiscard]] bool is_quarantined(const std::string& app) const {
    return wait_until(
        [&] {
          const json all = quarantined();
          return all.size() == 1 && all.at(0).at("App") == app;
        },
        seconds(20));
  }
  [[nodiscard]] bool update(const std::string& app, json more) const {
    more["id"] = app;
    return !cluster_->marathon().control("update", more).is_null();
  }
  [[nodiscard]] std::size_t index_of_leader() const {
    for (std::size_t i = 0; i < 3; ++i) {
      if (cluster_->leader() == &cluster_->proxy(i)) return i;
    }
    ADD_FAILURE() << "nobody leads";
    return 0;
  }
  // A program of that proxy has the port of an app that comes; it is named and left out, and all else moves.
  void expect_harm_to_the_app_alone(const std::vector<std::size_t>& proxies) {
    std::vector<Socket> held;
    held.reserve(proxies.size());
    for (const std::size_t proxy : proxies) held.push_back(hold(address_of(proxy), 10'301));
    ASSERT_TRUE(cluster_->marathon().create("/held", 1, on_port(10'301)));
    // Whoever votes on it next to others that wait for their turn.
    ASSERT_TRUE(cluster_->marathon().create("/beside", 1, on_port(10'302)));
    ASSERT_TRUE(is_quarantined("/held")) << quarantined().dump(2) << cluster_->logs();
    const std::string reason = quarantined().at(0).at("Reason");
    EXPECT_THAT(reason,
                HasSubstr(":10301: process " + std::to_string(::getpid()) + " (cluster_ports_t) has that port"));
    EXPECT_TRUE(std::any_of(proxies.begin(), proxies.end(), [&](std::size_t proxy) {
      const std::string name = cluster_->proxy(proxy).id();
      return reason.starts_with(name + ": cannot listen on " + address_of(proxy) + ":10301");
    })) << reason;
    EXPECT_TRUE(served_everywhere("/beside", 10'302)) << cluster_->logs();
    ASSERT_TRUE(cluster_->marathon().create("/late", 1, on_port(10'303)));
    EXPECT_TRUE(served_everywhere("/late", 10'303)) << cluster_->logs();
    ASSERT_TRUE(cluster_->marathon().destroy("/beside"));
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(wait_until([&] { return !served(i, "/beside", 10'302); }, seconds(20))) << i << cluster_->logs();
      EXPECT_TRUE(served(i, "/kept", 10'300)) << cluster_->logs();
      EXPECT_EQ(cluster_->proxy(i).health_status(), 200) << cluster_->proxy(i).health().dump(2);
    }
    // The port is free again: it is tried anew, also without a change, and at once if an operator asks for it.
    held.clear();
    ASSERT_EQ(http_get(cluster_->leader()->admin_port(), "/v1/reload").status, 202);
    EXPECT_TRUE(served_everywhere("/held", 10'301)) << cluster_->logs();
    EXPECT_TRUE(wait_until([&] { return cluster_->converged(); }, seconds(20))) << cluster_->logs();
  }

  TempDir directory_{"template"};
  std::unique_ptr<RealCluster> cluster_;
};

TEST_F(ClusterPortsTest, PortHeldOnAFollowersProxyHarmsItsAppAlone) {
  expect_harm_to_the_app_alone({(index_of_leader() + 1) % 3});
}

TEST_F(ClusterPortsTest, PortHeldOnTheLeadersProxyHarmsItsAppAlone) {
  expect_harm_to_the_app_alone({index_of_leader()});
}

TEST_F(ClusterPortsTest, PortHeldOnEachProxyHarmsItsAppAlone) { expect_harm_to_the_app_alone({0, 1, 2}); }

TEST_F(ClusterPortsTest, AppThatMovesToAHeldPortStaysAtItsOwn) {
  std::vector<Socket> held;
  for (std::size_t i = 0; i < 3; ++i) held.push_back(hold(address_of(i), 10'301));
  ASSERT_TRUE(update("/kept", on_port(10'301)));
  ASSERT_TRUE(is_quarantined("/kept")) << cluster_->logs();
  ASSERT_TRUE(cluster_->marathon().create("/late", 1, on_port(10'303)));
  EXPECT_TRUE(served_everywhere("/late", 10'303)) << cluster_->logs();
  ASSERT_TRUE(cluster_->marathon().settled(seconds(10)));
  EXPECT_TRUE(served_everywhere("/kept", 10'300)) << cluster_->logs();
}

}  // namespace
}  // namespace chorale::testing
