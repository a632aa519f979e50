// What stops the pool is shown: a change that cannot be committed, a leader that is gone and that nobody follows.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "coordination/zookeeper_store.h"
#include "tests/harness/event_loop.h"
#include "tests/integration/led_cluster.h"

namespace chorale::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string health_message(const Proxy& proxy) {
  const auto health = proxy.health();
  return health.is_object() ? health.value("Message", "") : "no answer";
}

// What an operator with zkCli does.
bool operate(const std::string& zookeeper, const coordination::Operation& operation) {
  EventLoop loop;
  coordination::ZookeeperOptions options;
  options.hosts = zookeeper;
  options.post = loop.poster();
  const auto store = coordination::make_zookeeper_store(std::move(options));
  std::optional<bool> done;
  store->on_session([&](const coordination::SessionEvent& event) {
    if (event.state != coordination::SessionState::kConnected) return;
    store->execute(operation, [&](const coordination::Outcome& outcome) { done = outcome.has_value(); });
  });
  store->open(coordination::Generation{1});
  return loop.run_until([&] { return done.has_value(); }) && *done;
}

class ClusterShownTest : public LedClusterTest {
 protected:
  ClusterShownTest() : LedClusterTest({.proxies = 2, .delays_tests = true}) {}

  nlohmann::json blocked() {
    const auto cluster = status();
    if (!cluster.is_object() || !cluster.contains("agents")) return nullptr;
    for (const auto& agent : cluster.at("agents")) {
      if (agent.at("id") == leader_->id()) return agent.at("blocked");
    }
    return nullptr;
  }
  double blocked_seconds() {
    const std::string text = http_get(leader_->admin_port(), "/v1/metrics").body;
    const std::string name = "\nchorale_blocked_seconds ";
    const auto at = text.find(name);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size()));
  }
};

TEST_F(ClusterShownTest, ChangeThatNobodyCanTestIsBlockedUntilItIsCommitted) {
  EXPECT_EQ(blocked_seconds(), 0);
  for (const auto& proxy : cluster_.proxies()) proxy->delay_tests(seconds(9));
  ASSERT_TRUE(cluster_.marathon().create("/waits", 1));
  ASSERT_TRUE(wait_until([&] { return blocked().is_object(); }, seconds(20))) << cluster_.logs();
  const auto shown = blocked();
  EXPECT_FALSE(shown.at("since").get<std::string>().empty());
  EXPECT_EQ(shown.at("reason"), "it waits for the answer of " + leader_->id() + ", " +
                                    (leader_->id() == "proxy-1" ? "proxy-2" : "proxy-1"));
  const std::string said = "a change is blocked since " + shown.at("since").get<std::string>();
  EXPECT_TRUE(wait_until([&] { return health_message(*leader_).starts_with(said); }, seconds(5)))
      << health_message(*leader_);
  EXPECT_EQ(leader_->health_status(), 200) << "degraded: the proxies serve";
  EXPECT_TRUE(wait_until([&] { return blocked_seconds() >= 5; }, seconds(5))) << blocked_seconds();
  for (const auto& proxy : cluster_.proxies()) proxy->delay_tests(milliseconds(0));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/waits"); }, seconds(30))) << cluster_.logs();
  EXPECT_TRUE(
      wait_until([&] { return blocked().is_null() && blocked_seconds() == 0 && cluster_.converged(); }, seconds(20)))
      << cluster_.logs();
  EXPECT_NE(leader_->agent_log().find("blocked: a change waits to be committed since"), std::string::npos);
  EXPECT_NE(leader_->agent_log().find("no longer blocked"), std::string::npos);
}

TEST_F(ClusterShownTest, LeaderThatIsGoneAndThatNobodyFollowsIsSaidByTheRest) {
  const coordination::Path first("/chorale/election/stranger.x-n_-000000001");  // stands before everybody
  ASSERT_TRUE(operate(cluster_.zookeeper().address(), coordination::CreateNode{first, ""}));
  Proxy& other = follower();
  leader_->kill_agent();
  EXPECT_TRUE(wait_until([&] { return health_message(other).starts_with("no leader since 20"); }, seconds(20)))
      << health_message(other);
  EXPECT_NE(health_message(other).find(leader_->id() + " led last"), std::string::npos) << health_message(other);
  EXPECT_EQ(other.health_status(), 200);
  EXPECT_TRUE(other.routes("/first"));
  ASSERT_TRUE(operate(cluster_.zookeeper().address(), coordination::DeleteNode{first, coordination::kAnyVersion}));
  EXPECT_TRUE(wait_until([&] { return health_message(other) == "OK"; }, seconds(30))) << health_message(other);
}

}  // namespace
}  // namespace chorale::testing
