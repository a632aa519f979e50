// One proxy's own illness, its end, and then quiet: the proxy is right again without a further change in Marathon.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <vector>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// A small disk in place of `directory`, with what is in it. False: no disk may be mounted here.
bool move_to_small_disk(const fs::path& directory) {
  const fs::path place = directory.string() + "-disk";
  fs::create_directory(place);
  if (mount("tmpfs", place.c_str(), "tmpfs", 0, "size=512k") != 0) return false;
  fs::copy(directory, place, fs::copy_options::recursive);
  return mount(place.c_str(), directory.c_str(), nullptr, MS_MOVE, nullptr) == 0;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ClusterHealingTest : public ::testing::Test {
 protected:
  // The last proxy, which does not lead.
  Proxy& begin() {
    EXPECT_TRUE(cluster_.start()) << cluster_.logs();
    Proxy* leader = cluster_.leader();
    return cluster_.proxy(leader == &cluster_.proxy(2) ? 1 : 2);
  }

  RealCluster cluster_;
};

TEST_F(ClusterHealingTest, AFullDiskThatIsFreedNeedsNoFurtherChange) {
  Proxy& ill = begin();
  const fs::path directory = ill.nginx().directory();
  if (!move_to_small_disk(directory)) GTEST_SKIP() << "may not mount";
  std::ofstream(directory / "filler") << std::string(1024 * 1024, 'x');
  ASSERT_TRUE(cluster_.marathon().create("/new", 1));
  const auto others_route = [&] {
    for (const auto& proxy : cluster_.proxies()) {
      if (proxy.get() != &ill && !proxy->routes("/new")) return false;
    }
    return true;
  };
  ASSERT_TRUE(wait_until(others_route, seconds(20))) << cluster_.logs();
  ASSERT_TRUE(wait_until(
      [&] {
        return ill.agent_log().find("No space left") != std::string::npos ||
               ill.health().value("Message", "").find("No space left") != std::string::npos;
      },
      seconds(10)))
      << ill.agent_log();
  EXPECT_FALSE(ill.routes("/new"));
  fs::remove(directory / "filler");
  EXPECT_TRUE(wait_until([&] { return ill.routes("/new"); }, seconds(10))) << ill.agent_log();
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(10))) << cluster_.logs();
  umount2(directory.c_str(), MNT_DETACH);
}

// A virtual machine that is moved, or whose host swaps: agent and Nginx stand still for longer than a session and than
// the 30 s after which a proxy that is behind is down.
TEST_F(ClusterHealingTest, AProxyThatStoodStillAsAWholeIsServingAgainAtOnce) {
  Proxy& still = begin();
  ASSERT_TRUE(cluster_.marathon().create("/before", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/before") && cluster_.converged(); }, seconds(20)));
  const std::vector<pid_t> workers = still.nginx().worker_pids();
  const auto signal_all = [&](int number) {
    still.signal_agent(number);
    still.nginx().signal(number);
    for (const pid_t worker : workers) kill(worker, number);
  };
  signal_all(SIGSTOP);
  const auto stopped_at = steady_clock::now();
  const auto others_route = [&](const std::string& app) {
    return std::all_of(cluster_.proxies().begin(), cluster_.proxies().end(),
                       [&](const auto& proxy) { return proxy.get() == &still || proxy->routes(app); });
  };
  // What is behind is counted from the first of them.
  ASSERT_TRUE(cluster_.marathon().create("/meanwhile", 1));
  ASSERT_TRUE(wait_until([&] { return others_route("/meanwhile"); }, seconds(20))) << cluster_.logs();
  for (int change = 1; steady_clock::now() - stopped_at < seconds(40); ++change) {
    const std::string app = "/meanwhile-" + std::to_string(change);
    ASSERT_TRUE(cluster_.marathon().create(app, 1));
    ASSERT_TRUE(wait_until([&] { return others_route(app); }, seconds(20))) << cluster_.logs();
    // Nothing may happen to the others because of it.
    ASSERT_FALSE(wait_until([&] { return !others_route("/before"); }, seconds(8)));
  }
  signal_all(SIGCONT);
  const auto went_on = steady_clock::now();
  const auto since = [&went_on] {
    return static_cast<int>(std::chrono::duration_cast<milliseconds>(steady_clock::now() - went_on).count());
  };
  EXPECT_TRUE(still.routes("/before")) << "Nginx serves on, whatever the agent has to do first";
  EXPECT_TRUE(wait_until([&] { return still.routes("/meanwhile"); }, seconds(10))) << still.agent_log();
  RecordProperty("followed_ms", since());
  EXPECT_TRUE(wait_until([&] { return still.health_status() == 200 && cluster_.converged(); }, seconds(10)))
      << still.health().dump(2) << still.agent_log();
  RecordProperty("healthy_ms", since());
  EXPECT_FALSE(wait_until([&] { return still.health_status() != 200; }, seconds(3))) << still.health().dump(2);
}

// The file of a leader that goes on with the committed template cannot be read for a moment. It has not changed.
TEST(TemplateHealingTest, UnreadableTemplateThatComesBackIsNotTakenForAChangedOne) {
  TempDir directory("template");
  const fs::path file = directory.path() / "nginx.conf.mustache";
  fs::copy_file(CHORALE_TEMPLATE, file);
  RealCluster::Options options;
  options.proxies = 1;
  RealCluster cluster(options);
  ASSERT_TRUE(cluster.start()) << cluster.logs();
  Proxy& proxy = cluster.proxy(0);
  const std::string config = std::regex_replace(text_of(proxy.config_file()), std::regex("nginx_template = .*"),
                                                "nginx_template = \"" + file.string() + "\"");
  std::ofstream(file, std::ios::app) << "# of its own\n";
  proxy.kill_agent();
  proxy.start_agent_with(config);
  const auto logged = [&proxy](const std::string& text) {
    return wait_until([&] { return proxy.agent_log().find(text) != std::string::npos; }, seconds(30));
  };
  ASSERT_TRUE(logged("differs from the committed template")) << proxy.agent_log();
  fs::rename(file, file.string() + "-away");
  ASSERT_TRUE(logged("template refused")) << proxy.agent_log();
  fs::rename(file.string() + "-away", file);
  ASSERT_TRUE(logged("has not changed")) << proxy.agent_log();
  ASSERT_TRUE(cluster.marathon().create("/new", 1));
  ASSERT_TRUE(wait_until([&] { return proxy.routes("/new"); }, seconds(20))) << proxy.agent_log();
  EXPECT_EQ(text_of(proxy.nginx().config_file()).find("# of its own"), std::string::npos);
  std::ofstream(file, std::ios::app) << "# changed\n";
  EXPECT_TRUE(wait_until([&] { return text_of(proxy.nginx().config_file()).find("# of its own") != std::string::npos; },
                         seconds(20)))
      << proxy.agent_log();
}

// A standalone proxy is enough: commands concern one proxy.
TEST(CommandTest, ReloadAndRepairSpeakToTheAgentOfThisProxy) {
  RealCluster::Options options;
  options.proxies = 1;
  options.more_config = "drift = \"report\"\n";
  RealCluster cluster(options);
  ASSERT_TRUE(cluster.start()) << cluster.logs();
  Proxy& proxy = cluster.proxy(0);
  const auto before = proxy.nginx().worker_pids();
  const Proxy::Ran reload = proxy.run("reload");
  EXPECT_EQ(reload.exit_code, 0) << reload.output;
  const auto after = proxy.nginx().worker_pids();
  EXPECT_TRUE(std::any_of(after.begin(), after.end(), [&before](pid_t worker) {
    return std::find(before.begin(), before.end(), worker) == before.end();
  })) << "no new worker";
  EXPECT_EQ(proxy.run("repair").exit_code, 0);

  const std::string edit = text_of(proxy.nginx().config_file()) + "# by hand\n";
  std::ofstream(proxy.nginx().config_file()) << edit;
  const auto message = [&] { return proxy.health().value("Message", ""); };
  ASSERT_TRUE(wait_until([&] { return message().find("chorale repair") != std::string::npos; }, seconds(10)))
      << message();
  const Proxy::Ran refused = proxy.run("reload");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.output.find("changed outside Chorale"), std::string::npos) << refused.output;
  ASSERT_TRUE(cluster.marathon().create("/new", 1));
  EXPECT_FALSE(wait_until([&] { return proxy.routes("/new"); }, seconds(3))) << "the edit stands";
  EXPECT_EQ(text_of(proxy.nginx().config_file()), edit);
  EXPECT_EQ(proxy.run("repair").exit_code, 0);
  EXPECT_TRUE(wait_until([&] { return proxy.routes("/new"); }, seconds(10))) << cluster.logs();
  EXPECT_TRUE(wait_until([&] { return cluster.converged(); }, seconds(10))) << message();
  proxy.kill_agent();
  EXPECT_EQ(proxy.run("reload").exit_code, 3);
}

}  // namespace
}  // namespace chorale::testing
