#include "coordination/election.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::SizeIs;

TEST(ElectionTest, ParsesIdsWithDots) {
  const auto candidate = parse_candidate("proxy-1.example.org.0af3-n_0000000012");
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->id, "proxy-1.example.org");
  EXPECT_EQ(candidate->guid, "0af3");
  EXPECT_EQ(candidate->sequence, 12);
}

TEST(ElectionTest, IgnoresNamesThatAreNoCandidates) {
  for (const char* name : {"", "a", "a-n_1", "a.b-n_", "a.b-n_x", ".b-n_1", "a.b-n_1x"}) {
    EXPECT_FALSE(parse_candidate(name)) << name;
  }
}

TEST(ElectionTest, LostReplyOfTheCreateLeavesNoOrphan) {
  CoordinatorCluster cluster;
  TestAgent& agent = cluster.add("a");
  int lost = 0;
  agent.lose_reply = [&lost](const Operation& operation) {
    const auto* create = std::get_if<CreateNode>(&operation);
    return create != nullptr && create->kind == NodeKind::kEphemeralSequential && lost++ == 0;
  };
  agent.start();
  ASSERT_TRUE(cluster.wait([&] { return agent.leading(); }, seconds(2)));
  EXPECT_EQ(lost, 1);
  EXPECT_THAT(cluster.list("/chorale/election"), SizeIs(1));
}

TEST(ElectionTest, ADeathWakesTheSuccessorOnly) {
  CoordinatorCluster cluster;
  TestAgent& first = cluster.add("a");
  first.start();
  cluster.advance(seconds(1));
  TestAgent& second = cluster.add("b");
  second.start();
  cluster.advance(seconds(1));
  TestAgent& third = cluster.add("c");
  third.start();
  cluster.advance(seconds(1));
  third.sent.clear();
  cluster.kill_and_expire(first);
  cluster.settle();
  EXPECT_TRUE(second.leading());  // no tick was needed
  for (const Operation& operation : third.sent) {
    const auto* list = std::get_if<ListChildren>(&operation);
    EXPECT_FALSE(list != nullptr && list->path.text() == "/chorale/election");
  }
}

TEST(ElectionTest, LeaderWhoseZnodeIsDeletedRejoinsAtTheTail) {
  CoordinatorCluster cluster;
  TestAgent& first = cluster.add("a");
  first.start();
  cluster.advance(seconds(1));
  TestAgent& second = cluster.add("b");
  second.start();
  cluster.advance(seconds(1));
  ASSERT_TRUE(first.leading());
  for (const std::string& name : cluster.list("/chorale/election")) {
    if (name.starts_with("a.")) (void)cluster.operate(DeleteNode{Path("/chorale/election/" + name), kAnyVersion});
  }
  cluster.advance(seconds(1));
  EXPECT_TRUE(second.leading());
  EXPECT_FALSE(first.leading());
  EXPECT_THAT(first.lost, SizeIs(1));
  EXPECT_THAT(cluster.list("/chorale/election"), SizeIs(2));
}

TEST(ElectionTest, HandoverNeedsNoTimeout) {
  CoordinatorCluster cluster;
  TestAgent& first = cluster.add("a");
  first.start();
  cluster.advance(seconds(1));
  TestAgent& second = cluster.add("b");
  second.start();
  cluster.advance(seconds(1));
  first.step(HandoverRequested{});
  cluster.settle();
  EXPECT_TRUE(first.handed_over);
  EXPECT_TRUE(second.leading());
  EXPECT_THAT(cluster.list("/chorale/agents"), testing::ElementsAre("b"));
}

TEST(ElectionTest, HandoverWithoutAnyAnswerEndsAfterItsLimit) {
  CoordinatorCluster cluster;
  TestAgent& agent = cluster.add("a");
  agent.start();
  cluster.advance(seconds(1));
  agent.hold_replies(true);
  agent.step(HandoverRequested{});
  EXPECT_FALSE(agent.handed_over);
  cluster.advance(milliseconds(300));
  EXPECT_TRUE(agent.handed_over);
  agent.handed_over = false;
  cluster.advance(milliseconds(300));
  EXPECT_FALSE(agent.handed_over) << "told twice";
}

}  // namespace
}  // namespace chorale::coordination
