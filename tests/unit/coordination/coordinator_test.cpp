// The machines together: what a pool of agents does when nothing, and when something, goes wrong.
#include "coordination/coordinator.h"

#include <gtest/gtest.h>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;

TEST(CoordinatorTest, OneAgentAlonePublishesAndApplies) {
  CoordinatorCluster cluster;
  TestAgent& agent = cluster.add("a");
  agent.start();
  ASSERT_TRUE(cluster.wait([&] { return agent.leading(); }));
  ASSERT_EQ(agent.gained.size(), 1U);
  EXPECT_FALSE(agent.gained[0].committed);
  agent.offer("one");
  cluster.settle();
  ASSERT_EQ(agent.closed.size(), 1U);
  EXPECT_EQ(agent.closed[0].fate, Fate::kCommitted);
  EXPECT_EQ(agent.applied, agent.closed[0].identity);
  EXPECT_EQ(cluster.state().committed->identity, agent.closed[0].identity);
}

TEST(CoordinatorTest, ThreeAgentsApplyTheSameWithoutWaitingForATick) {
  CoordinatorCluster cluster;
  for (const char* id : {"a", "b", "c"}) cluster.add(id).start();
  ASSERT_TRUE(cluster.wait([&] { return cluster.leader() != nullptr; }));
  cluster.advance(seconds(1));
  cluster.leader()->offer("one");
  cluster.settle();
  const auto committed = cluster.state().committed;
  ASSERT_TRUE(committed);
  for (const auto& agent : cluster.agents) EXPECT_EQ(agent->applied, committed->identity) << agent->options().id;
}

TEST(CoordinatorTest, TheNextLeaderCarriesTheCommittedStateOver) {
  CoordinatorCluster cluster;
  for (const char* id : {"a", "b", "c"}) cluster.add(id).start();
  ASSERT_TRUE(cluster.wait([&] { return cluster.leader() != nullptr; }));
  cluster.leader()->offer("one");
  cluster.advance(seconds(1));
  const StateDocument before = cluster.state();
  TestAgent* first = cluster.leader();
  cluster.kill_and_expire(*first);
  ASSERT_TRUE(cluster.wait([&] { return cluster.leader() != nullptr; }));
  const StateDocument after = cluster.state();
  EXPECT_GT(after.epoch, before.epoch);
  EXPECT_EQ(after.committed, before.committed);
  ASSERT_FALSE(cluster.leader()->gained.empty());
  EXPECT_EQ(*cluster.leader()->gained[0].files[0].text, "conf one\n");
}

TEST(CoordinatorTest, TheLeaderHearsThatAnotherAgentWasAskedForASync) {
  CoordinatorCluster cluster;
  for (const char* id : {"a", "b"}) cluster.add(id).start();
  ASSERT_TRUE(cluster.wait([&] { return cluster.leader() != nullptr; }));
  cluster.advance(seconds(1));
  TestAgent* leader = cluster.leader();
  TestAgent* other = leader == cluster.agents[0].get() ? cluster.agents[1].get() : cluster.agents[0].get();
  EXPECT_TRUE(leader->sync_wanted.empty());
  other->step(SyncRequested{});
  cluster.settle();
  EXPECT_EQ(leader->sync_wanted, std::vector<std::string>{other->options().id});
  EXPECT_TRUE(other->sync_wanted.empty());
  cluster.advance(seconds(30));
  EXPECT_EQ(leader->sync_wanted.size(), 1U) << "one request is one sync";
}

TEST(CoordinatorTest, ACorrectionOfAnAgentIsHeardByTheLeaderOnce) {
  CoordinatorCluster cluster;
  cluster.add("a").start();
  cluster.add("b").start();
  ASSERT_TRUE(cluster.wait([&] { return cluster.leader() != nullptr; }));
  cluster.advance(seconds(1));
  TestAgent* leader = cluster.leader();
  TestAgent* other = leader == cluster.agents[0].get() ? cluster.agents[1].get() : cluster.agents[0].get();
  other->step(AnswersOutdated{});
  cluster.settle();
  EXPECT_EQ(leader->retry_wanted, std::vector<std::string>{other->options().id});
  EXPECT_TRUE(leader->sync_wanted.empty());
  EXPECT_TRUE(other->retry_wanted.empty());
  leader->step(AnswersOutdated{});
  cluster.advance(seconds(30));
  EXPECT_EQ(leader->retry_wanted.size(), 1U) << "one correction is one retry, and its own it knows";
  EXPECT_TRUE(other->retry_wanted.empty()) << "it does not lead";
}

TEST(CoordinatorTest, ACorrectionOfAnObserverIsNothingToRetryFor) {
  CoordinatorCluster cluster;
  TestAgent& leader = cluster.add("a");
  leader.start();
  ASSERT_TRUE(cluster.wait([&] { return leader.leading(); }));
  const Path path("/chorale/agents/x");
  AgentDocument x;
  x.id = "x";
  ASSERT_TRUE(cluster.operate(CreateNode{path, encode(x)}));
  cluster.settle();
  const auto correct = [&](bool applies) {
    x.applies = applies;
    ++x.corrections;
    ASSERT_TRUE(cluster.operate(WriteNode{path, encode(x), kAnyVersion}));
    cluster.settle();
  };
  correct(false);
  EXPECT_TRUE(leader.retry_wanted.empty());
  correct(true);
  EXPECT_EQ(leader.retry_wanted, std::vector<std::string>{"x"});
}

TEST(CoordinatorTest, SyncRequestsOfAgentsThatAreNoMembersAreForgottenWithThem) {
  CoordinatorCluster cluster;
  TestAgent& leader = cluster.add("a");
  leader.start();
  ASSERT_TRUE(cluster.wait([&] { return leader.leading(); }));
  const Path path("/chorale/agents/x");
  AgentDocument x;
  x.id = "x";
  const auto put = [&](std::int64_t requests) {
    x.sync_requests = requests;
    const Outcome written = cluster.operate(WriteNode{path, encode(x), kAnyVersion});
    if (!written) {
      ASSERT_TRUE(cluster.operate(CreateNode{path, encode(x)}));
    }
    cluster.settle();
  };
  put(1);
  put(2);
  EXPECT_EQ(leader.sync_wanted.size(), 1U);
  ASSERT_TRUE(cluster.operate(DeleteNode{path, kAnyVersion}));
  leader.step(Ticked{});
  cluster.settle();
  cluster.advance(std::chrono::seconds(11));  // everybody is read once more
  put(3);
  EXPECT_EQ(leader.sync_wanted.size(), 1U) << "it is a new agent";
  ASSERT_TRUE(cluster.operate(CreateNode{Path("/chorale/members/x"), encode(MemberDocument{})}));
  cluster.advance(std::chrono::seconds(1));
  ASSERT_TRUE(cluster.operate(DeleteNode{path, kAnyVersion}));
  cluster.advance(std::chrono::seconds(11));
  put(4);
  EXPECT_EQ(leader.sync_wanted.size(), 2U) << "a member may have been asked while it was away";
}

TEST(CoordinatorTest, DescribesItsMachinesAndWhatItWaitsFor) {
  CoordinatorCluster cluster;
  TestAgent& agent = cluster.add("a");
  agent.start();
  ASSERT_TRUE(cluster.wait([&] { return agent.leading(); }));
  agent.hold_replies(true);
  agent.offer("one");
  const std::string text = agent.describe();
  for (const char* line : {"session: connected\n", "root: ready, fresh\n", "leader: leading\n", "fence: held\n",
                           "publisher: uploading\n", "uploader: create /chorale/revisions/000001.0000000001\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << " is not in\n" << text;
  }
}

}  // namespace
}  // namespace chorale::coordination
