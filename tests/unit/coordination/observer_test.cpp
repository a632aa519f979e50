// Agents that apply nothing: they follow what is committed, nobody waits for them, and nothing that they say counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fakes/coordinator_cluster.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class ObserverTest : public ::testing::Test {
 protected:
  TestAgent& add(const std::string& id) { return start(id, true); }
  TestAgent& observe(const std::string& id) { return start(id, false); }
  TestAgent& start(const std::string& id, bool applies) {
    cluster_.defaults.applies = applies;
    cluster_.defaults.may_lead = applies;
    TestAgent& agent = cluster_.add(id);
    agent.start();
    cluster_.settle();
    return agent;
  }
  AgentDocument said_by(const std::string& id) {
    const auto text = cluster_.read("/chorale/agents/" + id);
    return text ? decode_agent(*text).value_or(AgentDocument{}) : AgentDocument{};
  }
  // An agent's znode as if it had been written by it; the agent writes it again only when it has something to say.
  void say(const std::string& id, const AgentDocument& document) {
    ASSERT_TRUE(cluster_.operate(WriteNode{Path("/chorale/agents/" + id), encode(document), kAnyVersion}));
    cluster_.settle();
  }
  Identity committed() { return cluster_.state().committed.value_or(RevisionHeader{}).identity; }

  CoordinatorCluster cluster_;
};

TEST_F(ObserverTest, FollowsWhatIsCommittedAndSaysWhatItWroteNeitherVotesNorApplies) {
  TestAgent& leader = add("a");
  TestAgent& observer = observe("b");
  leader.offer("one");
  cluster_.settle();
  EXPECT_EQ(observer.applied, committed());
  const AgentDocument document = said_by("b");
  EXPECT_FALSE(document.applies);
  EXPECT_FALSE(document.vote);
  EXPECT_FALSE(document.applied);
  ASSERT_TRUE(document.shadow);
  EXPECT_EQ(document.shadow->identity, committed());
  EXPECT_EQ(document.shadow->at, "now");
  EXPECT_TRUE(said_by("a").applies);
  EXPECT_TRUE(said_by("a").vote);
  EXPECT_TRUE(said_by("a").applied);
  EXPECT_FALSE(said_by("a").shadow);
}

TEST_F(ObserverTest, StagesNothingThatIsOnlyProposed) {
  TestAgent& leader = add("a");
  TestAgent& voter = add("c");
  TestAgent& observer = observe("b");
  voter.answer = std::nullopt;
  leader.offer("one");
  cluster_.settle();
  ASSERT_TRUE(cluster_.state().proposed);
  EXPECT_THAT(voter.staged, Not(IsEmpty()));
  EXPECT_THAT(observer.staged, IsEmpty());
}

TEST_F(ObserverTest, NobodyWaitsForOneThatIsSilent) {
  TestAgent& leader = add("a");
  TestAgent& observer = observe("b");
  observer.hold_replies(true);
  leader.offer("one");
  cluster_.settle();  // no time passes
  EXPECT_TRUE(cluster_.state().committed);
  EXPECT_THAT(said_by("a").late, IsEmpty());
}

// As an agent of any version is, until it is known.
TEST_F(ObserverTest, OneWhoseZnodeIsNotReadYetIsWaitedForUntilItIs) {
  TestAgent& leader = add("a");
  bool unread = true;
  leader.refuse = [&unread](const Operation& operation) -> std::optional<ErrorKind> {
    const auto* read = std::get_if<ReadNode>(&operation);
    const bool asked = read != nullptr && read->path == Path("/chorale/agents/b");
    return unread && asked ? std::optional(ErrorKind::kConnectionLoss) : std::nullopt;
  };
  observe("b");
  leader.offer("one");
  cluster_.advance(milliseconds(1'000));
  EXPECT_FALSE(cluster_.state().committed);
  unread = false;
  EXPECT_TRUE(cluster_.wait([&] { return cluster_.state().committed.has_value(); }, milliseconds(1'500)));
}

TEST_F(ObserverTest, ItsVoteCountsNothingWhateverItSays) {
  TestAgent& leader = add("a");
  TestAgent& voter = add("c");
  observe("b");
  voter.answer = std::nullopt;
  leader.offer("one");
  cluster_.settle();
  ASSERT_TRUE(cluster_.state().proposed);
  AgentDocument document = said_by("b");
  document.vote = Vote{cluster_.state().proposed->identity, VoteResult::kNack, "no"};
  say("b", document);
  voter.step(StageFinished{cluster_.state().proposed->identity, VoteResult::kAck, ""});
  cluster_.settle();
  EXPECT_TRUE(cluster_.state().committed);
  ASSERT_THAT(leader.closed, Not(IsEmpty()));
  EXPECT_THAT(leader.closed.back().nacked, IsEmpty());
  EXPECT_THAT(leader.commit_refused, IsEmpty());
}

TEST_F(ObserverTest, NeverLeadsAndIsNoMember) {
  TestAgent& leader = add("a");
  TestAgent& observer = observe("b");
  cluster_.advance(seconds(1));
  EXPECT_THAT(cluster_.list("/chorale/members"), ElementsAre("a"));
  cluster_.kill_and_expire(leader);
  cluster_.advance(seconds(60));
  EXPECT_FALSE(observer.leading());
  EXPECT_THAT(cluster_.list("/chorale/election"), IsEmpty());
}

TEST_F(ObserverTest, TakesBackWhatItWroteAsAMemberAndIsOneAgainWhenItApplies) {
  add("a");
  cluster_.kill_and_expire(add("b"));
  ASSERT_THAT(cluster_.list("/chorale/members"), Contains("b"));
  TestAgent& observer = observe("b");
  cluster_.advance(seconds(1));
  EXPECT_THAT(cluster_.list("/chorale/members"), ElementsAre("a"));
  cluster_.kill_and_expire(observer);
  add("b");
  cluster_.advance(seconds(1));
  EXPECT_THAT(cluster_.list("/chorale/members"), ElementsAre("a", "b"));
}

// One that applies is outvoted by nobody: the observers announce another policy.
TEST_F(ObserverTest, ThePoolsPolicyIsNotTheirs) {
  TestAgent& leader = add("a");
  leader.announce({{"realm", "prod"}});
  observe("b").announce({{"realm", "prdo"}});
  TestAgent& observer = observe("c");
  observer.announce({{"realm", "prdo"}});
  cluster_.advance(seconds(1));
  leader.offer("one");
  cluster_.advance(seconds(1));
  EXPECT_TRUE(cluster_.state().committed);
  ASSERT_TRUE(observer.view);
  EXPECT_EQ(observer.view->policy_difference, "realm is \"prdo\" here and \"prod\" in the pool");
}

TEST_F(ObserverTest, OthersNeitherAskItNorFallBehindIt) {
  TestAgent& leader = add("a");
  TestAgent& other = add("c");
  leader.answer = VoteResult::kAck;
  observe("b");
  leader.offer("one");
  cluster_.advance(seconds(2));
  ASSERT_TRUE(other.view);
  EXPECT_THAT(other.view->agents, ElementsAre("a", "b", "c"));
  ASSERT_EQ(other.view->peers.size(), 1U);
  EXPECT_EQ(other.view->peers.front().id, "a");
  EXPECT_EQ(other.view->peer_applied, committed());
  ASSERT_TRUE(leader.view);
  cluster_.kill_and_expire(other);
  cluster_.advance(seconds(2));
  EXPECT_FALSE(leader.view->peer_applied);
}

// It serves nothing that could go back: what is committed now stands in its file.
TEST_F(ObserverTest, FollowsAnOlderBackupToo) {
  TestAgent& leader = add("a");
  TestAgent& observer = observe("b");
  leader.offer("one");
  cluster_.settle();
  const auto backup = cluster_.ensemble->snapshot();
  leader.offer("two");
  leader.offer("three");
  cluster_.advance(seconds(1));
  const Identity seen = committed();
  cluster_.kill_and_expire(leader);
  cluster_.ensemble->restore(backup);
  cluster_.advance(seconds(20));
  ASSERT_TRUE(committed().older_than(seen));
  EXPECT_EQ(observer.applied, committed());
  EXPECT_EQ(said_by("b").shadow.value_or(AppliedEntry{}).identity, committed());
  const auto written = observer.applied_history.size();
  cluster_.advance(seconds(20));
  EXPECT_EQ(observer.applied_history.size(), written) << "it is written once";
}

}  // namespace
}  // namespace chorale::coordination
