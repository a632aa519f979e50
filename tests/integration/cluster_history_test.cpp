// What changed lately, and what one revision routes otherwise than another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordination/documents.h"
#include "coordination/history_document.h"
#include "tests/harness/zookeeper_tree.h"
#include "tests/integration/led_cluster.h"

namespace chorale::testing {
namespace {

using coordination::HistoryEntry;
using std::chrono::seconds;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ClusterHistoryTest : public LedClusterTest {
 protected:
  ClusterHistoryTest() : LedClusterTest(RealCluster::Options{.proxies = 2}) {}

  void SetUp() override {
    LedClusterTest::SetUp();
    tree_ = std::make_unique<ZookeeperTree>(cluster_.zookeeper().address());
  }
  // The newest commit; nothing: none is recorded.
  [[nodiscard]] HistoryEntry newest() {
    const auto text = tree_->read("/chorale/history");
    const auto entries = coordination::decode_history(text.value_or("[]"));
    return entries && !entries->empty() ? entries->front() : HistoryEntry{};
  }
  [[nodiscard]] std::string committed() {
    const auto state = coordination::decode_state(tree_->read("/chorale/state").value_or(""));
    return state && state->committed ? to_text(state->committed->identity) : "";
  }
  std::unique_ptr<ZookeeperTree> tree_;
};

TEST_F(ClusterHistoryTest, SaysWhatChangedWhyAndHowLongItTook) {
  ASSERT_TRUE(cluster_.marathon().create("/second", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second"); }, seconds(20)));
  ASSERT_TRUE(
      wait_until([&] { return newest().changes.what == "added /second" && newest().all_applied_ms; }, seconds(10)))
      << tree_->read("/chorale/history").value_or("none");
  const HistoryEntry entry = newest();
  EXPECT_THAT(entry.changes.added, ElementsAre("/second"));
  EXPECT_EQ(entry.changes.servers_added, 1);
  EXPECT_EQ(entry.votes.ack, 2);
  EXPECT_THAT(entry.cause, HasSubstr("/second"));
  EXPECT_GT(entry.commit_ms, 0);
  EXPECT_GE(entry.commit_ms, entry.stage_ms);

  const Proxy::Ran shown = cluster_.proxy(0).run("history");
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_THAT(shown.output, HasSubstr("\n        added /second\n"));
  const Proxy::Ran lately = cluster_.proxy(0).run("history", std::vector<std::string>{"--since", "1h"});
  EXPECT_EQ(lately.exit_code, 0) << lately.output;
  EXPECT_THAT(lately.output, HasSubstr("\n        added /second\n"));
  EXPECT_THAT(lately.output, HasSubstr("\nwhat is kept begins with 1."));
  EXPECT_EQ(cluster_.proxy(0).run("history", std::vector<std::string>{"--since", "yesterday"}).exit_code, 2);
  const auto reply = http_get(cluster_.proxy(1).admin_port(), "/v1/history");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr("\"what\":\"added /second\""));

  // After a leader change it goes on from there.
  leader_->kill_agent();
  Proxy& other = follower();
  ASSERT_TRUE(wait_until([&] { return cluster_.leader() == &other; }, seconds(20)));
  ASSERT_TRUE(cluster_.marathon().destroy("/second"));
  ASSERT_TRUE(wait_until([&] { return newest().changes.what == "removed /second"; }, seconds(20)))
      << tree_->read("/chorale/history").value_or("none");
  EXPECT_THAT(tree_->read("/chorale/history").value(), HasSubstr("\"what\":\"added /second\""));
}

TEST_F(ClusterHistoryTest, DiffNamesAppsAndServers) {
  const std::string before = committed();
  EXPECT_EQ(leader_->run("diff", before).exit_code, 0);
  ASSERT_TRUE(cluster_.marathon().create("/second", 1));
  ASSERT_TRUE(wait_until([&] { return cluster_.routed_everywhere("/second"); }, seconds(20)));
  const Proxy::Ran different = leader_->run("diff", before);
  EXPECT_EQ(different.exit_code, 1) << different.output;
  EXPECT_THAT(
      different.output,
      ContainsRegex(
          "\\+ /second \\+1 server\n    \\+ [0-9.]+:[0-9]+\n1 app added, 0 removed, 0 changed; servers \\+1 -0\n"));
  EXPECT_EQ(leader_->run("diff", "current").exit_code, 0);
  const Proxy::Ran unknown = leader_->run("diff", "4711");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.output, HasSubstr("revision 4711 is not kept"));
  EXPECT_EQ(leader_->run("diff", "yesterday").exit_code, 2);
}

}  // namespace
}  // namespace chorale::testing
