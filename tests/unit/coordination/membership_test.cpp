// The own agent znode: ghosts, strangers, lost replies.
#include "coordination/membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

AgentDocument agent_document(CoordinatorCluster& cluster, const std::string& id) {
  return decode_agent(cluster.read("/chorale/agents/" + id).value_or("")).value_or(AgentDocument{});
}

TEST(MembershipTest, SaysWhoItIs) {
  CoordinatorCluster cluster;
  cluster.add("a").start(Identity{Epoch{3}, Revision{9}, std::string(64, 'd')});
  cluster.advance(seconds(1));
  const AgentDocument document = agent_document(cluster, "a");
  EXPECT_EQ(document.instance, "instance-of-a");
  ASSERT_TRUE(document.applied);
  EXPECT_EQ(document.applied->identity.revision, Revision{9});
}

TEST(MembershipTest, GhostOfTheOwnInstanceIsReplacedAtOnce) {
  CoordinatorCluster cluster;
  TestAgent& killed = cluster.add("a");
  killed.start();
  cluster.advance(seconds(1));
  cluster.kill(killed);
  TestAgent& restarted = cluster.add("a");
  restarted.start();
  ASSERT_TRUE(cluster.wait([&] { return restarted.leading(); }, seconds(2)));  // its session has not expired
  EXPECT_THAT(cluster.list("/chorale/election"), SizeIs(1));
  EXPECT_THAT(restarted.refused, SizeIs(0));
}

TEST(MembershipTest, StrangerWithTheSameIdIsRefusedAfterTheTimeoutAndNamed) {
  CoordinatorCluster cluster;
  cluster.add("a").start();
  cluster.advance(seconds(1));
  TestAgent& stranger = cluster.add("a", "elsewhere");
  stranger.start();
  cluster.advance(seconds(11));
  EXPECT_THAT(stranger.refused, SizeIs(0));
  cluster.advance(seconds(2));
  EXPECT_THAT(stranger.refused, ElementsAre(HasSubstr("host-of-instance-of-a")));
  EXPECT_THAT(cluster.list("/chorale/election"), SizeIs(1));
  EXPECT_EQ(agent_document(cluster, "a").instance, "instance-of-a");
}

TEST(MembershipTest, TakesTheIdOverWhenTheStrangerGoes) {
  CoordinatorCluster cluster;
  TestAgent& first = cluster.add("a");
  first.start();
  cluster.advance(seconds(1));
  TestAgent& second = cluster.add("a", "elsewhere");
  second.start();
  cluster.advance(seconds(5));
  cluster.kill_and_expire(first);
  cluster.advance(seconds(10));
  EXPECT_THAT(second.refused, SizeIs(0));
  EXPECT_EQ(agent_document(cluster, "a").instance, "elsewhere");
}

TEST(MembershipTest, LostReplyOfTheCreateIsAdopted) {
  CoordinatorCluster cluster;
  TestAgent& agent = cluster.add("a");
  int lost = 0;
  agent.lose_reply = [&lost](const Operation& operation) {
    const auto* create = std::get_if<CreateNode>(&operation);
    return create != nullptr && create->path.text() == "/chorale/agents/a" && lost++ == 0;
  };
  agent.start();
  ASSERT_TRUE(cluster.wait([&] { return agent.leading(); }, seconds(2)));
  EXPECT_EQ(lost, 1);
}

TEST(MembershipTest, DeletedZnodeIsCreatedAgain) {
  CoordinatorCluster cluster;
  TestAgent& agent = cluster.add("a");
  agent.start();
  cluster.advance(seconds(1));
  ASSERT_TRUE(cluster.operate(DeleteNode{Path("/chorale/agents/a"), kAnyVersion}));
  cluster.advance(seconds(1));
  EXPECT_EQ(agent_document(cluster, "a").id, "a");
}

TEST(MembershipTest, WritesOnlyWhatChanged) {
  CoordinatorCluster cluster;
  TestAgent& agent = cluster.add("a");
  agent.start();
  cluster.advance(seconds(1));
  agent.step(StatusChanged{Condition::kOk, "fine", "t", true});
  cluster.advance(seconds(1));
  EXPECT_EQ(agent_document(cluster, "a").message, "fine");
  agent.sent.clear();
  agent.step(StatusChanged{Condition::kOk, "fine", "t", true});
  cluster.advance(seconds(20));
  for (const Operation& operation : agent.sent) EXPECT_FALSE(std::holds_alternative<WriteNode>(operation));
}

}  // namespace
}  // namespace chorale::coordination
