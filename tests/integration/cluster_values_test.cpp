// A value of chorale.toml was wrong, and a revision was refused because of it: once it is corrected and the file
// re-read, Nginx is asked again at once, not only 30 s after the refusal.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <regex>
#include <vector>

#include "tests/harness/real_cluster.h"
#include "tests/harness/wait_until.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

constexpr seconds kAtOnce{10};  // a third of what it would wait

class ClusterValuesTest : public ::testing::Test {
 protected:
  // [local] of a running agent gets another error log, then SIGHUP.
  static void set_error_log(Proxy& proxy, const std::string& path) {
    std::ifstream in(proxy.config_file());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    in.close();
    std::ofstream(proxy.config_file()) << std::regex_replace(text, std::regex("\nnginx_error_log = [^\n]*"),
                                                             "\nnginx_error_log = \"" + path + "\"");
    proxy.signal_agent(SIGHUP);
  }
  static void spoil(Proxy& proxy) {
    set_error_log(proxy, proxy.directory() / "nowhere/error.log");
    EXPECT_TRUE(wait_until([&] { return says(proxy, "not applied: "); }, seconds(10))) << proxy.agent_log();
  }
  static void correct(Proxy& proxy) { set_error_log(proxy, proxy.nginx().error_log()); }
  static bool says(const Proxy& proxy, const std::string& text) {
    return proxy.agent_log().find(text) != std::string::npos;
  }
};

TEST_F(ClusterValuesTest, AFollowerTestsWhatItRefusedAtOnce) {
  RealCluster cluster;
  ASSERT_TRUE(cluster.start()) << cluster.logs();
  Proxy& ill = cluster.proxy(cluster.leader() == &cluster.proxy(2) ? 1 : 2);
  spoil(ill);
  ASSERT_TRUE(cluster.marathon().create("/new", 1));
  ASSERT_TRUE(
      wait_until([&] { return says(ill, "is refused by this Nginx") || says(ill, "cannot be tested"); }, seconds(20)))
      << cluster.logs();
  ASSERT_TRUE(wait_until([&] { return cluster.leader()->routes("/new"); }, seconds(20))) << cluster.logs();
  EXPECT_FALSE(ill.routes("/new"));
  correct(ill);
  EXPECT_TRUE(wait_until([&] { return ill.routes("/new"); }, kAtOnce)) << ill.agent_log();
  EXPECT_TRUE(wait_until([&] { return cluster.converged(); }, kAtOnce)) << cluster.logs();
}

// Most refuse it, so it is withdrawn; then one of them is corrected, and nothing else happens.
TEST_F(ClusterValuesTest, ALeaderOffersAtOnceWhatAFollowerRefused) {
  RealCluster cluster;
  ASSERT_TRUE(cluster.start()) << cluster.logs();
  std::vector<Proxy*> ill;
  for (const auto& proxy : cluster.proxies()) {
    if (proxy.get() != cluster.leader()) ill.push_back(proxy.get());
  }
  ASSERT_EQ(ill.size(), 2U);
  Proxy& leader = *cluster.leader();
  for (Proxy* proxy : ill) spoil(*proxy);
  ASSERT_TRUE(cluster.marathon().create("/new", 1));
  ASSERT_TRUE(wait_until([&] { return says(leader, "the offered state was refused"); }, seconds(20))) << cluster.logs();
  EXPECT_FALSE(leader.routes("/new"));
  EXPECT_TRUE(says(leader, "configuration of " + ill.front()->id() + " changed")) << leader.agent_log();
  EXPECT_FALSE(says(leader, "changed: what was refused")) << leader.agent_log();
  correct(*ill.front());
  EXPECT_TRUE(wait_until(
      [&] {
        return says(leader, "configuration of " + ill.front()->id() + " changed: what was refused is offered again");
      },
      kAtOnce))
      << leader.agent_log();
  EXPECT_TRUE(wait_until([&] { return leader.routes("/new") && ill.front()->routes("/new"); }, kAtOnce))
      << cluster.logs();
  correct(*ill.back());
  EXPECT_TRUE(wait_until([&] { return cluster.converged(); }, kAtOnce)) << cluster.logs();
}

TEST_F(ClusterValuesTest, ALeaderOffersWhatItRefusedAtOnce) {
  RealCluster cluster({.proxies = 1});
  ASSERT_TRUE(cluster.start()) << cluster.logs();
  Proxy& proxy = cluster.proxy(0);
  spoil(proxy);
  ASSERT_TRUE(cluster.marathon().create("/new", 1));
  ASSERT_TRUE(wait_until([&] { return says(proxy, "the offered state was refused"); }, seconds(20)))
      << proxy.agent_log();
  EXPECT_FALSE(proxy.routes("/new"));
  correct(proxy);
  EXPECT_TRUE(wait_until([&] { return proxy.routes("/new"); }, kAtOnce)) << proxy.agent_log();
  EXPECT_TRUE(wait_until([&] { return cluster.converged(); }, kAtOnce)) << proxy.agent_log();
}

}  // namespace
}  // namespace chorale::testing
