// An operator freezes what the pool serves, and lets it go on: by the command line, and by what zkCli.sh can write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>

#include "coordination/documents.h"
#include "tests/harness/zookeeper_tree.h"
#include "tests/integration/led_cluster.h"

namespace chorale::testing {
namespace {

using coordination::Identity;
using coordination::StateDocument;
using std::chrono::seconds;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class ClusterHoldTest : public LedClusterTest {
 protected:
  ClusterHoldTest() : LedClusterTest(RealCluster::Options{.proxies = 2}) {}

  void SetUp() override {
    LedClusterTest::SetUp();
    tree_ = std::make_unique<ZookeeperTree>(cluster_.zookeeper().address());
  }

  [[nodiscard]] StateDocument state() {
    const auto text = tree_->read("/chorale/state");
    return text ? coordination::decode_state(*text).value_or(StateDocument{}) : StateDocument{};
  }
  [[nodiscard]] Identity committed() { return state().committed ? state().committed->identity : Identity{}; }
  [[nodiscard]] bool held_with(const std::string& digest) {
    const StateDocument now = state();
    return now.held && now.held->digest == digest && now.committed && now.committed->identity.digest == digest;
  }
  [[nodiscard]] bool deploy(const std::string& app) {
    return cluster_.marathon().create(app, 1) && cluster_.marathon().settled(seconds(10));
  }
  [[nodiscard]] std::string message(const Proxy& proxy) const {
    const auto health = proxy.health();
    return health.is_object() ? health.at("Message").get<std::string>() : "";
  }
  static std::string joined(const std::string& text) { return std::regex_replace(text, std::regex("\\s+"), " "); }
  [[nodiscard]] Proxy& other() { return follower(); }  // it leads later

  std::unique_ptr<ZookeeperTree> tree_;
};

TEST_F(ClusterHoldTest, FreezesWhatIsServedUntilItIsReleased) {
  const Identity before = committed();
  const Proxy::Ran held = other().run("hold", "current");
  EXPECT_EQ(held.exit_code, 0) << held.output;
  EXPECT_THAT(held.output, HasSubstr("held on " + to_text(before) + " by "));
  ASSERT_TRUE(deploy("/second"));
  // The leader knows what waits, and health says so on every proxy.
  ASSERT_TRUE(wait_until([&] { return message(*leader_).find("added /second") != std::string::npos; }, seconds(10)))
      << message(*leader_) << cluster_.logs();
  EXPECT_THAT(message(*leader_), HasSubstr("keeps back since "));
  EXPECT_EQ(leader_->health().at("Status"), "degraded");
  EXPECT_EQ(leader_->health_status(), 200);
  EXPECT_THAT(message(other()), HasSubstr("held on " + to_text(before)));
  EXPECT_EQ(committed(), before);
  EXPECT_TRUE(cluster_.routed_nowhere("/second"));

  // The leader dies: the next one holds the same.
  leader_->kill_agent();
  ASSERT_TRUE(wait_until([&] { return cluster_.leader() == &other(); }, seconds(20))) << cluster_.logs();
  ASSERT_TRUE(wait_until([&] { return message(other()).find("added /second") != std::string::npos; }, seconds(20)))
      << message(other()) << cluster_.logs();
  EXPECT_EQ(committed(), before);

  ::setenv("SUDO_USER", "al", 1);  // of the commands
  const Proxy::Ran replaced = other().run("hold", std::vector<std::string>{"current", "--reason=another deploy"});
  EXPECT_EQ(replaced.exit_code, 0) << replaced.output;
  EXPECT_THAT(replaced.output, ContainsRegex("it replaces what was held on [0-9.]+ by [^\n]*\nheld on [0-9.]+ by al: "
                                             "another deploy; changes wait until"));
  ::setenv("SUDO_USER", "kim", 1);
  const Proxy::Ran released = other().run("release");
  ::unsetenv("SUDO_USER");
  EXPECT_EQ(released.exit_code, 0) << released.output;
  EXPECT_THAT(released.output, ContainsRegex("^released; it was held on [0-9.]+ by al: another deploy\n$"));
  EXPECT_FALSE(tree_->read("/chorale/hold"));
  EXPECT_TRUE(wait_until([&] { return other().routes("/second"); }, seconds(10))) << cluster_.logs();
  EXPECT_THAT(other().agent_log(), HasSubstr("released by kim, it was held on"));
  EXPECT_TRUE(wait_until(
      [&] {
        return joined(other().run("history").output).find("cause: the hold was released by kim votes: 1 ack; by kim") !=
               std::string::npos;
      },
      seconds(5)))
      << other().run("history").output;
  EXPECT_EQ(other().run("release").exit_code, 1) << "nothing is held";
}

TEST_F(ClusterHoldTest, GoesBackToARevisionAndForwardAgain) {
  const Identity first = committed();
  ASSERT_TRUE(cluster_.marathon().create("/second", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second") && cluster_.converged(); }, seconds(20)));
  const Identity second = committed();
  const Proxy::Ran held = leader_->run("hold", std::to_string(first.revision.value));
  EXPECT_EQ(held.exit_code, 0) << held.output;
  EXPECT_TRUE(second.older_than(committed()));
  EXPECT_EQ(committed().digest, first.digest);
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_nowhere("/second"); }, seconds(10))) << cluster_.logs();
  EXPECT_TRUE(cluster_.routed_everywhere("/first"));
  ASSERT_TRUE(wait_until([&] { return message(*leader_).find("added /second") != std::string::npos; }, seconds(20)))
      << message(*leader_) << cluster_.logs();

  // Another deploy meanwhile; then all of it comes at once.
  ASSERT_TRUE(deploy("/third"));
  EXPECT_EQ(leader_->run("release").exit_code, 0);
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second") && cluster_.routed_everywhere("/third"); },
                         seconds(20)))
      << cluster_.logs();
  EXPECT_TRUE(wait_until([&] { return cluster_.converged(); }, seconds(10)));
}

TEST_F(ClusterHoldTest, RevisionThatIsNotKeptIsRefusedBeforeAnythingIsWritten) {
  const Proxy::Ran refused = leader_->run("hold", "4711");
  EXPECT_EQ(refused.exit_code, 1) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("revision 4711 is not kept; those from "));
  EXPECT_FALSE(tree_->read("/chorale/hold"));
  EXPECT_EQ(leader_->run("hold", "fourty").exit_code, 2);
}

// Its shell splits at blanks and takes quotes away.
TEST_F(ClusterHoldTest, ByZkCliAlone) {
  const Identity first = committed();
  ASSERT_TRUE(cluster_.marathon().create("/second", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second"); }, seconds(20)));
  ASSERT_TRUE(
      tree_->create("/chorale/hold", "{revision:" + std::to_string(first.revision.value) + ",by:jo,reason:why}"));
  ASSERT_TRUE(wait_until([&] { return held_with(first.digest); }, seconds(10))) << cluster_.logs();
  EXPECT_EQ(state().held->by, "jo");
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_nowhere("/second"); }, seconds(10)));

  // What is not there holds what is committed, and says so loudly.
  ASSERT_TRUE(tree_->write("/chorale/hold", "4711"));
  ASSERT_TRUE(wait_until(
      [&] { return message(other()).find("revision 4711 is not kept any more") != std::string::npos; }, seconds(10)))
      << message(other());
  EXPECT_TRUE(held_with(first.digest));
  ASSERT_TRUE(tree_->remove("/chorale/hold"));
  EXPECT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second"); }, seconds(20))) << cluster_.logs();
}

TEST_F(ClusterHoldTest, WithoutALeaderItIsSetAndNotInForce) {
  for (const auto& proxy : cluster_.proxies()) proxy->kill_agent();
  ASSERT_TRUE(wait_until([&] { return tree_->list("/chorale/agents").empty(); }, seconds(20)));
  const Proxy::Ran held = leader_->run("hold", "current");
  EXPECT_EQ(held.exit_code, 1) << held.output;
  EXPECT_THAT(held.output, HasSubstr("there is no leader; the next one will do it"));
  leader_->start_agent();
  EXPECT_TRUE(wait_until([&] { return state().held.has_value(); }, seconds(20))) << cluster_.logs();
}

}  // namespace
}  // namespace chorale::testing
