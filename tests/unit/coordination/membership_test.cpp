// The own agent znode: ghosts, strangers, lost replies.
#include "coordination/membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

AgentDocument agent_document(CoordinatorCluster& cluster, const std::string& id) {
  return decode_agent(cluster.read("/chorale/agents/" + id).value_or("")).value_or(AgentDocument{});
}

TestAgent& started(CoordinatorCluster& cluster, const std::string& instance = "instance-of-a") {
  TestAgent& agent = cluster.add("a", instance);
  agent.start();
  return agent;
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
  TestAgent& killed = started(cluster);
  cluster.advance(seconds(1));
  cluster.kill(killed);
  TestAgent& restarted = started(cluster);
  ASSERT_TRUE(cluster.wait([&] { return restarted.leading(); }, seconds(2)));  // its session has not expired
  EXPECT_THAT(cluster.list("/chorale/election"), SizeIs(1));
  EXPECT_THAT(restarted.refused, IsEmpty());
}

// "contested" while it may be a ghost, "taken" afterwards.
std::string standing(const TestAgent& agent) {
  const std::string text = agent.describe();
  const std::string name = "membership: ";
  const auto at = text.find(name) + name.size();
  return text.substr(at, text.find(',', at) - at);
}

TEST(MembershipTest, StrangerWithTheSameIdIsNamedAndTheAgentGoesOnTrying) {
  CoordinatorCluster cluster;
  TestAgent& first = started(cluster);
  cluster.advance(seconds(1));
  TestAgent& stranger = started(cluster, "elsewhere");
  cluster.advance(seconds(11));
  EXPECT_EQ(standing(stranger), "contested");
  EXPECT_FALSE(stranger.view->id_taken);
  cluster.advance(seconds(2));
  EXPECT_EQ(standing(stranger), "taken");
  EXPECT_TRUE(stranger.view->id_taken);
  EXPECT_FALSE(first.view->id_taken);
  const auto names_it = HasSubstr("another agent, on host-of-instance-of-a, uses the id a");
  EXPECT_THAT(stranger.notes, Contains(names_it));
  cluster.advance(seconds(600));
  EXPECT_EQ(std::count_if(stranger.notes.begin(), stranger.notes.end(),
                          [](const std::string& note) { return note.find("another agent") != std::string::npos; }),
            1);
  EXPECT_THAT(stranger.refused, IsEmpty());
  EXPECT_THAT(cluster.list("/chorale/election"), SizeIs(1));
  EXPECT_EQ(agent_document(cluster, "a").instance, "instance-of-a");
  cluster.kill_and_expire(first);
  cluster.advance(seconds(6));
  EXPECT_EQ(agent_document(cluster, "a").instance, "elsewhere");
  EXPECT_TRUE(stranger.leading());
}

// A failover of the ensemble gives every session its whole timeout again: the wait is for one and the same session.
TEST(MembershipTest, WaitBeginsAnewWhenAnotherSessionHoldsTheId) {
  CoordinatorCluster cluster;
  TestAgent& first = started(cluster);
  cluster.advance(seconds(1));
  started(cluster, "elsewhere");
  cluster.advance(seconds(8));
  cluster.ensemble->expire(first.session());
  started(cluster, "third");
  cluster.advance(seconds(8));
  const std::string owner = "third";
  ASSERT_EQ(agent_document(cluster, "a").instance, owner);
  for (const auto& agent : cluster.agents) {
    EXPECT_EQ(standing(*agent), agent->options().instance == owner ? "present" : "contested");
    EXPECT_THAT(agent->refused, IsEmpty());
  }
  cluster.advance(seconds(5));
  for (const auto& agent : cluster.agents) {
    EXPECT_EQ(standing(*agent), agent->options().instance == owner ? "present" : "taken");
  }
}

class CloneTest : public testing::Test {
 protected:
  TestAgent& start(const std::string& started_at, const std::string& admin) {
    cluster_.defaults.started_at = started_at;
    cluster_.defaults.admin = admin;
    TestAgent& agent = cluster_.add("a");
    agent.start();
    cluster_.advance(seconds(3));
    return agent;
  }
  // Quiet: nobody deletes anything any more.
  void expect_peace() {
    for (const auto& agent : cluster_.agents) agent->sent.clear();
    cluster_.advance(seconds(60));
    for (const auto& agent : cluster_.agents) {
      for (const Operation& operation : agent->sent) EXPECT_FALSE(std::holds_alternative<DeleteNode>(operation));
    }
  }
  CoordinatorCluster cluster_;
};

TEST_F(CloneTest, TheOneThatWasStartedLaterIsRefusedAndNamed) {
  TestAgent& original = start("2026-11-26T12:00:00.000Z", "10.0.0.1:8000");
  TestAgent& clone = start("2026-11-26T13:00:00.000Z", "10.0.0.2:8000");
  EXPECT_THAT(clone.refused, ElementsAre(HasSubstr("a clone of this machine runs, with the same id a and the same "
                                                   "instance, on host-of-instance-of-a (admin 10.0.0.1:8000")));
  EXPECT_THAT(original.refused, IsEmpty());
  EXPECT_EQ(agent_document(cluster_, "a").admin, "10.0.0.1:8000");
  expect_peace();
  EXPECT_TRUE(original.leading());
  EXPECT_FALSE(clone.leading());
}

TEST_F(CloneTest, TheOlderOneComingBackFindsTheYoungerOneInItsPlace) {
  TestAgent& clone = start("2026-11-26T13:00:00.000Z", "10.0.0.2:8000");
  TestAgent& original = start("2026-11-26T12:00:00.000Z", "10.0.0.1:8000");
  EXPECT_THAT(clone.refused, SizeIs(1));
  EXPECT_THAT(original.refused, IsEmpty());
  expect_peace();
  EXPECT_EQ(agent_document(cluster_, "a").admin, "10.0.0.1:8000");
}

TEST_F(CloneTest, StartedInTheSameMomentOneOfThemRuns) {
  TestAgent& one = start("2026-11-26T12:00:00.000Z", "10.0.0.1:8000");
  TestAgent& two = start("2026-11-26T12:00:00.000Z", "10.0.0.2:8000");
  EXPECT_EQ(one.refused.size() + two.refused.size(), 1U);
  expect_peace();
}

// One ghost, whose deletion fails again and again, is still one.
TEST_F(CloneTest, GhostThatCannotBeDeletedIsNoClone) {
  cluster_.kill(start("2026-11-26T12:00:00.000Z", "10.0.0.1:8000"));
  cluster_.defaults.started_at = "2026-11-26T13:00:00.000Z";
  TestAgent& next = cluster_.add("a");
  int refusals = 0;
  next.refuse = [&refusals](const Operation& operation) -> std::optional<ErrorKind> {
    const bool deletes = std::holds_alternative<DeleteNode>(operation) && path_of(operation).name() == "a";
    if (!deletes || ++refusals > 4) return std::nullopt;
    return ErrorKind::kNoAuth;
  };
  next.start();
  cluster_.advance(seconds(60));
  EXPECT_GT(refusals, 4);
  EXPECT_THAT(next.refused, IsEmpty());
  EXPECT_TRUE(next.leading());
}

// Two ghosts: what stood there, and what a request of it made that was long on its way.
TEST_F(CloneTest, LateRequestOfAnEarlierProcessIsNoClone) {
  cluster_.kill(start("2026-11-26T12:00:00.000Z", "10.0.0.1:8000"));
  const auto ghost = cluster_.read("/chorale/agents/a");
  ASSERT_TRUE(ghost);
  cluster_.defaults.started_at = "2026-11-26T13:00:00.000Z";
  TestAgent& next = cluster_.add("a");
  int made = 0;
  next.refuse = [&](const Operation& operation) -> std::optional<ErrorKind> {
    if (std::holds_alternative<CreateNode>(operation) && path_of(operation).text() == "/chorale/agents/a" &&
        made++ == 1) {  // the first found the ghost
      EXPECT_TRUE(cluster_.operate(CreateNode{Path("/chorale/agents/a"), *ghost}));
    }
    return std::nullopt;
  };
  next.start();
  cluster_.advance(seconds(10));
  EXPECT_GE(made, 3);
  EXPECT_THAT(next.refused, IsEmpty());
  EXPECT_TRUE(next.leading());
}

// Killed again and again, it leaves a ghost each time.
TEST_F(CloneTest, EarlierProcessesAreNoClones) {
  TestAgent& agent = start("2026-11-26T12:00:00.000Z", "10.0.0.1:8000");
  cluster_.kill(agent);
  for (int i = 0; i < 6; ++i) {
    TestAgent& next = start("2026-11-26T12:00:0" + std::to_string(i) + ".000Z", "10.0.0.1:8000");
    EXPECT_THAT(next.refused, IsEmpty());
    EXPECT_TRUE(next.leading());
    cluster_.kill(next);
  }
}

TEST(MembershipTest, TakesTheIdOverWhenTheStrangerGoes) {
  CoordinatorCluster cluster;
  TestAgent& first = started(cluster);
  cluster.advance(seconds(1));
  TestAgent& second = started(cluster, "elsewhere");
  cluster.advance(seconds(5));
  cluster.kill_and_expire(first);
  cluster.advance(seconds(10));
  EXPECT_THAT(second.refused, IsEmpty());
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
  started(cluster);
  cluster.advance(seconds(1));
  ASSERT_TRUE(cluster.operate(DeleteNode{Path("/chorale/agents/a"), kAnyVersion}));
  cluster.advance(seconds(1));
  EXPECT_EQ(agent_document(cluster, "a").id, "a");
}

TEST(MembershipTest, WritesOnlyWhatChanged) {
  CoordinatorCluster cluster;
  TestAgent& agent = started(cluster);
  cluster.advance(seconds(1));
  agent.step(StatusChanged{Condition::kOk, "fine", "t", true});
  cluster.advance(seconds(1));
  EXPECT_EQ(agent_document(cluster, "a").message, "fine");
  agent.sent.clear();
  agent.step(StatusChanged{Condition::kOk, "fine", "t", true});
  cluster.advance(seconds(20));
  for (const Operation& operation : agent.sent) EXPECT_FALSE(std::holds_alternative<WriteNode>(operation));
}

TEST(MembershipTest, SaysThatItIsDrainedAndNoLonger) {
  CoordinatorCluster cluster;
  TestAgent& agent = started(cluster);
  StatusChanged status{Condition::kDown, "drained", "t", true};
  status.drained = Drained{"jo", "a new kernel", "2026-11-22T12:00:00.000Z"};
  agent.step(status);
  cluster.advance(seconds(1));
  EXPECT_EQ(agent_document(cluster, "a").drained, status.drained);
  agent.step(StatusChanged{Condition::kOk, "fine", "t", true});
  cluster.advance(seconds(1));
  EXPECT_FALSE(agent_document(cluster, "a").drained);
}

}  // namespace
}  // namespace chorale::coordination
