// The main job on real parts: what Marathon runs is what every proxy serves, and everybody agrees on which state that
// is.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/harness/real_cluster.h"
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

TEST_F(ClusterRoutesTest, EveryAnswerNamesItsOwnProxy) {
  ASSERT_TRUE(cluster_.marathon().create("/web", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/web"); }, seconds(10)));
  for (const auto& proxy : cluster_.proxies()) EXPECT_EQ(proxy->get("/web/").headers["x-proxy"], proxy->id());
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
  EXPECT_NE(cli(cluster_, "status").find("portDefinitions[0].port is 123450"), std::string::npos);
  ASSERT_TRUE(marathon.destroy("/odd"));
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(20))) << cluster_.logs();
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

}  // namespace
}  // namespace chorale::testing
