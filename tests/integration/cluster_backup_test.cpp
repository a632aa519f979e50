// An ensemble is put back from a backup: what the agents serve is newer than what ZooKeeper says. All are right again
// by themselves, and no app is lost meanwhile.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "coordination/documents.h"
#include "tests/harness/real_cluster.h"
#include "tests/harness/visitor.h"
#include "tests/harness/wait_until.h"
#include "tests/harness/zookeeper_tree.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

// The shipped session_timeout: sessions may outlive the restart.
class ClusterBackupTest : public ::testing::Test {
 protected:
  // Backed up, and three changes later: /web, which has always been there, /new-1 to /new-3, and no longer /gone.
  void SetUp() override {
    ASSERT_TRUE(cluster_.start()) << cluster_.logs();
    ASSERT_TRUE(cluster_.marathon().create("/web", 2));
    ASSERT_TRUE(cluster_.marathon().create("/gone", 1));
    ASSERT_TRUE(everywhere({"/web", "/gone"}));
    cluster_.zookeeper().back_up();
    saved_ = revision();
    for (const char* app : {"/new-1", "/new-2", "/new-3"}) {
      ASSERT_TRUE(cluster_.marathon().create(app, 1));
      ASSERT_TRUE(everywhere({app})) << cluster_.logs();
    }
    ASSERT_TRUE(cluster_.marathon().destroy("/gone"));
    ASSERT_TRUE(wait_until([&] { return cluster_.routed_nowhere("/gone") && cluster_.converged(); }, seconds(20)));
    ASSERT_GE(revision(), saved_ + 4);
    for (const auto& proxy : cluster_.proxies()) {
      for (const char* app : {"/web/", "/new-1/", "/new-3/"}) {
        visitors_.push_back(std::make_unique<Visitor>(*proxy, app, std::chrono::milliseconds(50)));
      }
    }
  }

  bool everywhere(const std::vector<std::string>& apps) {
    return wait_until(
        [&] {
          for (const std::string& app : apps) {
            if (!cluster_.routed_everywhere(app)) return false;
          }
          return cluster_.converged();
        },
        seconds(30));
  }
  std::int64_t revision() { return cluster_.proxy(0).health().at("Cluster").at("Applied").get<std::int64_t>(); }
  // What the server itself says, not an agent.
  std::int64_t committed() {
    ZookeeperTree tree(cluster_.zookeeper().address());
    const auto state = coordination::decode_state(tree.read("/chorale/state").value_or(""));
    return state && state->committed ? state->committed->identity.revision.value : -1;
  }
  // The sessions that hold the agents' znodes.
  std::vector<coordination::SessionId> sessions() {
    ZookeeperTree tree(cluster_.zookeeper().address());
    std::vector<coordination::SessionId> owners;
    for (const auto& proxy : cluster_.proxies()) {
      const auto outcome = tree.operate(coordination::CheckNode{coordination::Path("/chorale/agents/" + proxy->id())});
      const auto stat = outcome ? std::get<coordination::Checked>(*outcome).stat : std::nullopt;
      owners.push_back(stat ? stat->ephemeral_owner : coordination::SessionId{});
    }
    return owners;
  }

  void expect_healed_in_quiet_and_followed_afterwards() {
    const auto begun = steady_clock::now();
    const auto healed = [&] {
      return cluster_.leader() != nullptr && cluster_.converged() && committed() == revision();
    };
    EXPECT_TRUE(wait_until(healed, seconds(30))) << "the tree holds again what is served\n" << cluster_.logs();
    RecordProperty(
        "healed_ms",
        std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begun).count()));
    EXPECT_TRUE(everywhere({"/web", "/new-1", "/new-2", "/new-3"})) << cluster_.logs();
    EXPECT_TRUE(cluster_.routed_nowhere("/gone"));
    ASSERT_TRUE(cluster_.marathon().create("/after", 1));
    EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/after"); }, seconds(10))) << cluster_.logs();
    EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(10))) << cluster_.logs();
    for (const auto& visitor : visitors_) {
      visitor->end();
      EXPECT_GT(visitor->requests(), 0);
      EXPECT_EQ(visitor->failures(), 0) << visitor->first_failure();
    }
  }

  RealCluster cluster_{RealCluster::Options{.session_timeout = "10s", .zookeeper_relays = true}};
  std::vector<std::unique_ptr<Visitor>> visitors_;
  std::int64_t saved_ = 0;  // the revision in the backup
};

// ZooKeeper refuses clients that have seen more than it has: they need new sessions.
TEST_F(ClusterBackupTest, SessionsThatTheServerRefusesAreReplaced) {
  const auto before = sessions();
  cluster_.zookeeper().kill();
  cluster_.zookeeper().put_back();
  ASSERT_TRUE(cluster_.zookeeper().start());
  ASSERT_EQ(committed(), saved_);
  expect_healed_in_quiet_and_followed_afterwards();
  const auto after = sessions();
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NE(after[i], before[i]);
}

// Mesos writes to the same ensemble: by the time the agents are back, the server has seen more than they have, and
// takes their sessions on.
TEST_F(ClusterBackupTest, SessionsThatLiveOnSeeOlderVersionsOfTheirZnodes) {
  for (std::size_t i = 0; i < cluster_.proxies().size(); ++i) cluster_.zookeeper_relay(i).cut();
  cluster_.zookeeper().kill();
  cluster_.zookeeper().put_back();
  ASSERT_TRUE(cluster_.zookeeper().start());
  ASSERT_EQ(committed(), saved_);
  {
    ZookeeperTree mesos(cluster_.zookeeper().address());
    ASSERT_TRUE(mesos.operate(coordination::CreateNode{coordination::Path("/mesos"), ""}));
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(mesos.write("/mesos", std::to_string(i)));
  }
  const auto before = sessions();
  for (std::size_t i = 0; i < cluster_.proxies().size(); ++i) cluster_.zookeeper_relay(i).heal();
  expect_healed_in_quiet_and_followed_afterwards();
  EXPECT_EQ(sessions(), before) << cluster_.logs();
}

}  // namespace
}  // namespace chorale::testing
