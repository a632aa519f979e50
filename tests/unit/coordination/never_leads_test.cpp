// Agents that never lead: nobody hands over to one, and nobody waits for one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const PolicyValues kPool{{"realm", "prod"}};
const PolicyValues kOther{{"realm", "prdo"}};

class NeverLeadsTest : public ::testing::Test {
 protected:
  TestAgent& add(const std::string& id, bool may_lead) {
    cluster_.defaults.may_lead = may_lead;
    TestAgent& agent = cluster_.add(id);
    agent.start();
    cluster_.settle();
    return agent;
  }
  AgentDocument said_by(const std::string& id) {
    const auto text = cluster_.read("/chorale/agents/" + id);
    return text ? decode_agent(*text).value_or(AgentDocument{}) : AgentDocument{};
  }
  static void say(TestAgent& agent, bool reaches) {
    StatusChanged status;
    status.condition = Condition::kOk;
    status.marathon_reachable = reaches;
    agent.step(status);
  }

  CoordinatorCluster cluster_;
};

TEST_F(NeverLeadsTest, FollowsAndVotesAndLeavesTheElectionToOthers) {
  TestAgent& follower = add("a", false);
  cluster_.advance(seconds(30));
  EXPECT_EQ(cluster_.leader(), nullptr);
  EXPECT_THAT(cluster_.list("/chorale/election"), IsEmpty());
  EXPECT_FALSE(said_by("a").may_lead);
  TestAgent& leader = add("b", true);
  ASSERT_TRUE(cluster_.wait([&] { return leader.leading(); }, seconds(2)));
  EXPECT_TRUE(said_by("b").may_lead);
  leader.offer("one");
  cluster_.settle();
  ASSERT_TRUE(said_by("a").applied);
  EXPECT_EQ(said_by("a").vote->result, VoteResult::kAck);
  cluster_.kill_and_expire(leader);
  cluster_.advance(seconds(60));
  EXPECT_FALSE(follower.leading());
}

TEST_F(NeverLeadsTest, LeaderThatDoesNotReachMarathonStaysWhereOnlyItCanLead) {
  TestAgent& leader = add("a", true);
  TestAgent& follower = add("b", false);
  say(leader, false);
  say(follower, true);
  cluster_.advance(seconds(60));
  EXPECT_TRUE(leader.leading());
  EXPECT_THAT(leader.lost, IsEmpty());
}

TEST_F(NeverLeadsTest, LeaderThatIsUnableStaysWhereOnlyItCanLead) {
  TestAgent& leader = add("a", true);
  add("b", false);
  leader.answer = VoteResult::kUnable;
  leader.offer("one");
  cluster_.advance(seconds(60));
  EXPECT_TRUE(leader.leading());
  EXPECT_THAT(leader.lost, IsEmpty());
}

TEST_F(NeverLeadsTest, LeaderThatKnowsNothingDoesNotHandOverToIt) {
  TestAgent& leader = add("a", true);
  TestAgent& follower = add("b", false);
  leader.offer("one");
  cluster_.settle();
  ASSERT_TRUE(said_by("b").applied);
  cluster_.kill_and_expire(leader);
  cluster_.ensemble->restore({});
  cluster_.advance(seconds(40));
  TestAgent& fresh = add("c", true);
  cluster_.advance(seconds(40));
  EXPECT_TRUE(fresh.leading());
  EXPECT_THAT(fresh.lost, IsEmpty());
  EXPECT_FALSE(follower.leading());
}

// The pool's policy is the majority's; the only agent that could lead has another: it leads, and offers nothing.
TEST_F(NeverLeadsTest, NobodyGivesWayToItBecauseOfThePolicy) {
  TestAgent& leader = add("a", true);
  TestAgent& first = add("b", false);
  TestAgent& second = add("c", false);
  leader.step(PolicyAnnounced{kOther});
  first.step(PolicyAnnounced{kPool});
  second.step(PolicyAnnounced{kPool});
  cluster_.advance(seconds(30));
  EXPECT_TRUE(leader.leading());
  EXPECT_THAT(leader.lost, IsEmpty());
  leader.offer("one");
  cluster_.advance(seconds(10));
  EXPECT_FALSE(cluster_.state().committed);
  ASSERT_TRUE(said_by("a").blocked);
  EXPECT_THAT(said_by("a").blocked->reason, HasSubstr("no registered agent has the pool's policy"));
}

}  // namespace
}  // namespace chorale::coordination
