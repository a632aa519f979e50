// Many changes under continuous requests: every new connection is served.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "tests/harness/loopback.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/visitor.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

TEST(ClusterTrafficTest, TwoHundredChangesFailNoRequestOnANewConnection) {
  // Short intervals: the changes are to become many reloads, not a few large ones.
  RealCluster cluster({.more_config = "min_reload_interval = \"50ms\"\n"});
  ASSERT_TRUE(cluster.start()) << cluster.logs();
  MarathonSimulator& marathon = cluster.marathon();
  ASSERT_TRUE(marathon.create("/steady", 3));
  // Until it is proven, an old worker may still answer that there is no such app.
  ASSERT_TRUE(wait_until([&] { return cluster.routed_everywhere("/steady") && cluster.converged(); }, seconds(10)))
      << cluster.logs();
  const std::int64_t before = cluster.proxy(0).health().at("Cluster").at("Applied");

  Visitor first(cluster.proxy(0), "/steady/");
  Visitor second(cluster.proxy(2), "/steady/");
  constexpr int kChanges = 200;
  for (int change = 0; change < kChanges; ++change) {
    const std::string app = "/changing-" + std::to_string(change / 2);
    ASSERT_TRUE(change % 2 == 0 ? marathon.create(app, 1) : marathon.destroy(app));
    const bool done = wait_until(
        [&] {
          const int expected = change % 2 == 0 ? 200 : 503;
          return cluster.proxy(1).get(app + "/").status == expected;
        },
        seconds(10));
    ASSERT_TRUE(done) << "change " << change << "\n" << cluster.logs();
  }
  first.end();
  second.end();
  EXPECT_EQ(first.failures(), 0) << first.first_failure();
  EXPECT_EQ(second.failures(), 0) << second.first_failure();
  EXPECT_GT(first.requests(), kChanges);
  EXPECT_TRUE(wait_until([&] { return cluster.converged(); }, seconds(10))) << cluster.logs();
  EXPECT_GE(cluster.proxy(0).health().at("Cluster").at("Applied").get<std::int64_t>() - before, kChanges / 2);
}

// All new tasks get well in one moment, and the old ones are ended in the next. The state between was once published:
// without a server, for as long as offers keep their distance.
TEST(ClusterTrafficTest, ReplacingAllTasksOfAnAppAtOnceFailsNoRequest) {
  RealCluster cluster({.simulator = {"--task-killing", "--health-delay", "200ms", "--drain", "2s"}});
  ASSERT_TRUE(cluster.start()) << cluster.logs();
  MarathonSimulator& marathon = cluster.marathon();
  ASSERT_TRUE(marathon.create("/steady", 4, {{"healthChecks", 1}}));
  ASSERT_TRUE(wait_until([&] { return cluster.routed_everywhere("/steady") && cluster.converged(); }, seconds(10)))
      << cluster.logs();
  Visitor visitor(cluster.proxy(0), "/steady/");
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(marathon.restart("/steady"));
    ASSERT_TRUE(marathon.settled(seconds(20)));
  }
  visitor.end();
  EXPECT_EQ(visitor.failures(), 0) << visitor.first_failure() << cluster.logs();
  EXPECT_TRUE(wait_until([&] { return cluster.converged(); }, seconds(10))) << cluster.logs();
}

// Clients that do not end their requests, one new one every 50 ms: each keeps the worker alive that has taken it.
class LongConnections {
 public:
  explicit LongConnections(std::uint16_t port)
      : thread_([this, port] {
          while (!stop_) {
            Socket socket = connect_to(port, std::chrono::milliseconds(500));
            const std::string begin = "GET /steady/ HTTP/1.0\r\n";
            if (socket && ::send(socket.descriptor(), begin.data(), begin.size(), MSG_NOSIGNAL) > 0) {
              held_.push_back(std::move(socket));
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
          }
        }) {}
  ~LongConnections() { stop(); }
  LongConnections(const LongConnections&) = delete;
  LongConnections& operator=(const LongConnections&) = delete;

  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  // After stop(). The end of the oldest one's request, and the answer.
  [[nodiscard]] std::string finish_oldest() {
    if (::send(held_.front().descriptor(), "\r\n", 2, MSG_NOSIGNAL) != 2) return {};
    return receive_all(held_.front(), seconds(5));
  }
  void let_go() { held_.clear(); }  // after stop()

 private:
  std::atomic<bool> stop_{false};
  std::vector<Socket> held_;  // of the thread, until stop()
  std::thread thread_;
};

class ClusterLongConnectionsTest : public ::testing::Test {
 protected:
  // The shipped template, with one worker: each generation that a reload leaves behind is one process.
  static RealCluster::Options options(const std::string& file) {
    std::ifstream shipped(CHORALE_TEMPLATE);
    std::string text{std::istreambuf_iterator<char>(shipped), {}};
    EXPECT_NE(text.find("worker_shutdown_timeout 10m;"), std::string::npos);
    text = std::regex_replace(text, std::regex("worker_processes auto;"), "worker_processes 1;");
    std::ofstream(file) << std::regex_replace(text, std::regex("\n    sendfile on;"),
                                              "\n    sendfile on;\n    client_header_timeout 10m;");
    return {.proxies = 1, .more_config = "min_reload_interval = \"50ms\"\n", .nginx_template = file};
  }
  int old_workers() { return static_cast<int>(proxy().nginx().worker_pids().size()) - 1; }
  bool warned() { return proxy().health().dump().find("old workers of Nginx wait") != std::string::npos; }
  std::int64_t committed() { return proxy().health().at("Cluster").at("Committed").get<std::int64_t>(); }
  Proxy& proxy() { return cluster_.proxy(0); }

  TempDir directory_{"template"};
  RealCluster cluster_{options(directory_.path() / "nginx.conf.mustache")};
};

TEST_F(ClusterLongConnectionsTest, OldWorkersStayFewHoweverManyTheChanges) {
  constexpr int kChanges = 40;
  constexpr int kMost = 10;
  ASSERT_TRUE(cluster_.start()) << cluster_.logs();
  ASSERT_TRUE(cluster_.marathon().create("/steady", 1));
  ASSERT_TRUE(wait_until([&] { return proxy().routes("/steady") && cluster_.converged(); }, seconds(10)));
  EXPECT_FALSE(warned());
  const std::int64_t before = committed();
  LongConnections clients(proxy().nginx().port());
  Visitor visitor(proxy(), "/steady/", std::chrono::milliseconds(20));
  int most = 0;
  for (int change = 1; change <= kChanges; ++change) {
    const std::string app = "/new-" + std::to_string(change);
    ASSERT_TRUE(cluster_.marathon().create(app, 1));
    // As long as nothing holds it back, each is a reload of its own.
    (void)wait_until([&] { return proxy().routes(app); }, std::chrono::milliseconds(300));
    most = std::max(most, old_workers());
  }
  RecordProperty("old_workers", most);
  EXPECT_GE(most, 5);
  EXPECT_LE(most, kMost) << "of " << kChanges << "\n" << proxy().agent_log();
  EXPECT_TRUE(warned()) << proxy().health().dump(2);
  for (const char* spacing : {"reloads are at least 1 s apart", "reloads are at least 2 s apart"}) {
    EXPECT_NE(proxy().agent_log().find(spacing), std::string::npos) << proxy().agent_log();
  }
  const std::int64_t revisions = committed() - before;
  RecordProperty("revisions", static_cast<int>(revisions));
  EXPECT_GE(revisions, kChanges / 2) << "proposals are answered meanwhile\n" << proxy().agent_log();
  clients.stop();
  EXPECT_NE(clients.finish_oldest().find("app=/steady "), std::string::npos) << "it is served to its end";
  clients.let_go();
  EXPECT_TRUE(wait_until([&] { return proxy().routes("/new-" + std::to_string(kChanges)); }, seconds(30)))
      << proxy().agent_log();
  EXPECT_TRUE(wait_until([&] { return old_workers() == 0 && !warned() && cluster_.converged(); }, seconds(10)))
      << old_workers() << proxy().health().dump(2);
  visitor.end();
  EXPECT_EQ(visitor.failures(), 0) << visitor.first_failure();
}

}  // namespace
}  // namespace chorale::testing
