// What a follower tries again, what it lets go, and what it keeps to itself.
#include <gmock/gmock.h>

#include "coordination/follower.h"
#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class FollowerRetriesTest : public PoolTest {
 protected:
  std::optional<Vote> vote_of(const std::string& id) {
    return decode_agent(cluster_.read("/chorale/agents/" + id).value()).value().vote;
  }
  void write_state(const std::function<void(StateDocument&)>& change) {
    StateDocument state = cluster_.state();
    change(state);
    write(kState, encode(state));
  }
};

TEST_F(FollowerRetriesTest, RefusedRevisionIsTestedAgainAfterThirtySeconds) {
  b().answer = VoteResult::kNack;
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(b().staged, SizeIs(1));
  cluster_.advance(milliseconds(29'900));
  EXPECT_THAT(b().staged, SizeIs(1));
  cluster_.advance(milliseconds(100));
  EXPECT_THAT(b().staged, SizeIs(2));
}

TEST_F(FollowerRetriesTest, UntestableRevisionIsTestedAgainAfterFiveSeconds) {
  b().answer = VoteResult::kUnable;
  a().offer("one");
  cluster_.settle();
  cluster_.advance(milliseconds(4'900));
  EXPECT_THAT(b().staged, SizeIs(1));
  b().answer = VoteResult::kAck;
  cluster_.advance(milliseconds(100));
  EXPECT_THAT(b().staged, SizeIs(2));
  EXPECT_EQ(b().applied, a().applied);
  EXPECT_EQ(vote_of("b")->result, VoteResult::kAck);
}

TEST_F(FollowerRetriesTest, OutdatedAnswerToTheCommittedRevisionIsAskedForAtOnceAndOnce) {
  for (const VoteResult result : {VoteResult::kNack, VoteResult::kUnable}) {
    b().answer = result;
    a().offer("after " + std::to_string(static_cast<int>(result)));
    cluster_.settle();
    const auto staged = b().staged.size();
    b().step(AnswersOutdated{});
    cluster_.settle();
    ASSERT_THAT(b().staged, SizeIs(staged + 1));
    cluster_.advance(milliseconds(4'900));
    EXPECT_THAT(b().staged, SizeIs(staged + 1)) << "this answer is a new one";
    b().answer = VoteResult::kAck;
    b().step(AnswersOutdated{});
    cluster_.settle();
    EXPECT_EQ(b().applied, a().applied);
    b().step(AnswersOutdated{});
    cluster_.advance(seconds(1));
    EXPECT_THAT(b().staged, SizeIs(staged + 2)) << "what was accepted is accepted";
  }
}

TEST_F(FollowerRetriesTest, OutdatedVoteOnAProposalIsGivenAgain) {
  a().answer = std::nullopt;
  b().answer = VoteResult::kUnable;
  a().offer("one");
  cluster_.settle();
  ASSERT_EQ(vote_of("b")->result, VoteResult::kUnable);
  b().answer = VoteResult::kAck;
  b().step(AnswersOutdated{});
  cluster_.settle();
  EXPECT_THAT(b().staged, SizeIs(2));
  EXPECT_EQ(vote_of("b")->result, VoteResult::kAck);
  b().step(AnswersOutdated{});
  cluster_.settle();
  EXPECT_THAT(b().staged, SizeIs(2));
}

// Its vote in the own znode is waited for.
TEST_F(FollowerRetriesTest, OutdatedAnswerToTheCommittedRevisionWaitsForTheVoteOnAProposal) {
  b().answer = VoteResult::kNack;
  a().offer("one");
  cluster_.settle();
  const Identity one = cluster_.state().committed.value().identity;
  b().answer = VoteResult::kAck;
  a().answer = std::nullopt;
  a().offer("two");
  cluster_.settle();
  ASSERT_THAT(b().staged, SizeIs(2));
  b().step(AnswersOutdated{});
  cluster_.settle();
  EXPECT_THAT(b().staged, SizeIs(2));
  EXPECT_NE(vote_of("b")->identity, one);
}

TEST_F(FollowerRetriesTest, NothingIsTestedAgainWhileSomebodyWaitsForAVote) {
  b().answer = VoteResult::kUnable;
  a().offer("one");
  cluster_.settle();
  a().answer = std::nullopt;
  a().offer("two");
  cluster_.settle();
  ASSERT_THAT(b().staged, SizeIs(2));
  cluster_.advance(seconds(20));
  EXPECT_THAT(b().staged, SizeIs(2));
  EXPECT_EQ(vote_of("b")->identity.revision, Revision{2});
}

TEST_F(FollowerRetriesTest, AnswerToAnotherRevisionIsNoAnswer) {
  b().answer = std::nullopt;
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(b().staged, SizeIs(1));
  Identity other = b().staged[0].identity;
  other.revision = Revision{9};
  b().step(StageFinished{other, VoteResult::kAck, ""});
  cluster_.settle();
  EXPECT_FALSE(vote_of("b"));
  b().step(StageFinished{b().staged[0].identity, VoteResult::kAck, ""});
  cluster_.settle();
  EXPECT_TRUE(vote_of("b"));
  b().step(StageFinished{b().staged[0].identity, VoteResult::kNack, "too late"});
  cluster_.settle();
  EXPECT_EQ(vote_of("b")->result, VoteResult::kAck);
  EXPECT_EQ(b().applied, a().applied);
}

TEST_F(FollowerRetriesTest, LongErrorIsCutInTheVote) {
  b().answer = std::nullopt;
  a().offer("one");
  cluster_.settle();
  b().step(StageFinished{b().staged[0].identity, VoteResult::kNack, std::string(5'000, 'x')});
  cluster_.settle();
  EXPECT_EQ(vote_of("b")->error, std::string(1'024, 'x'));
}

TEST_F(FollowerRetriesTest, ProposalThatIsReplacedWhileItIsStagedIsLetGo) {
  b().answer = std::nullopt;
  a().answer = VoteResult::kNack;
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(b().staged, SizeIs(1));
  a().answer = VoteResult::kAck;
  a().offer("two");
  cluster_.settle();
  ASSERT_THAT(b().staged, SizeIs(2));
  b().step(StageFinished{b().staged[0].identity, VoteResult::kAck, ""});
  cluster_.settle();
  EXPECT_FALSE(vote_of("b")) << "of the one that nobody asks for any more";
}

TEST_F(FollowerRetriesTest, WhatWasCommittedWhileItsTestRanIsTestedToTheEndAndApplied) {
  b().answer = std::nullopt;
  a().offer("one");
  cluster_.advance(seconds(4));
  const Identity one = cluster_.state().committed.value().identity;
  a().offer("two");
  cluster_.settle();
  ASSERT_THAT(b().staged, SizeIs(1));
  b().step(StageFinished{one, VoteResult::kAck, ""});
  cluster_.settle();
  EXPECT_THAT(b().applied_history, testing::ElementsAre(one));
  ASSERT_THAT(b().staged, SizeIs(2));
  EXPECT_EQ(b().staged[1].identity, cluster_.state().committed->identity);
}

TEST_F(FollowerRetriesTest, WhatWasCommittedAndIsRefusedIsNotApplied) {
  b().answer = std::nullopt;
  a().offer("one");
  cluster_.advance(seconds(4));
  a().offer("two");
  cluster_.settle();
  b().step(StageFinished{b().staged[0].identity, VoteResult::kNack, ""});
  cluster_.settle();
  EXPECT_THAT(b().applied_history, testing::IsEmpty());
}

TEST_F(FollowerRetriesTest, TestThatNeverEndsIsGivenUpAfterAMinute) {
  b().answer = std::nullopt;
  a().offer("one");
  cluster_.advance(seconds(4));
  a().offer("two");
  cluster_.advance(milliseconds(55'900));
  EXPECT_THAT(b().staged, SizeIs(1));
  cluster_.advance(milliseconds(200));
  EXPECT_THAT(b().staged, SizeIs(2));
  b().step(StageFinished{b().staged[0].identity, VoteResult::kAck, ""});
  cluster_.settle();
  EXPECT_THAT(b().applied_history, testing::IsEmpty());
}

TEST_F(FollowerRetriesTest, CommittedRevisionThatCannotBeFetchedDoesNotKeepItFromVoting) {
  a().offer("one");
  cluster_.settle();
  TestAgent& c = cluster_.add("c");
  c.refuse = refusing<ReadNode>("/chorale/revisions/000001.0000000001", ErrorKind::kNoNode);
  c.start();
  cluster_.advance(seconds(1));
  ASSERT_THAT(c.view->missing, SizeIs(1));
  a().answer = std::nullopt;
  a().offer("two");
  cluster_.settle();
  ASSERT_THAT(c.staged, SizeIs(1));
  EXPECT_EQ(c.staged[0].identity.revision, Revision{2});
  EXPECT_EQ(vote_of("c")->result, VoteResult::kAck);
  EXPECT_THAT(c.view->missing, SizeIs(1)) << "it is still asked for";
  a().step(StageFinished{a().staged.back().identity, VoteResult::kAck, ""});
  cluster_.settle();
  EXPECT_EQ(c.applied, a().applied);
  EXPECT_THAT(c.view->missing, IsEmpty()) << "nobody names it any more";
}

TEST_F(FollowerRetriesTest, CommittedComesBeforeProposed) {
  a().offer("one");
  cluster_.settle();
  a().answer = std::nullopt;
  a().offer("two");
  cluster_.settle();
  TestAgent& c = cluster_.add("c");
  c.start();
  cluster_.settle();
  ASSERT_THAT(c.staged, SizeIs(2));
  EXPECT_EQ(c.staged[0].identity.revision, Revision{1});
  EXPECT_EQ(c.staged[1].identity.revision, Revision{2});
  EXPECT_EQ(c.applied, a().applied);
}

TEST_F(FollowerRetriesTest, RevisionIsHandedToTheApplierOnce) {
  a().offer("one");
  cluster_.advance(seconds(5));
  EXPECT_THAT(b().applied_history, ElementsAre(cluster_.state().committed->identity));
  EXPECT_THAT(b().staged, SizeIs(1));
}

TEST_F(FollowerRetriesTest, OlderAppliedThanKnownIsNotAnnounced) {
  a().offer("one");
  cluster_.settle();
  const Identity first = *b().applied;
  a().offer("two");
  cluster_.settle();
  const Identity second = *b().applied;
  b().step(RevisionApplied{first, "late"});
  cluster_.settle();
  EXPECT_EQ(decode_agent(cluster_.read("/chorale/agents/b").value())->applied->identity, second);
}

TEST_F(FollowerRetriesTest, WithdrawnRevisionIsNotAppliedEvenIfItIsNamedAgain) {
  a().answer = std::nullopt;
  a().offer("one");
  cluster_.settle();
  const RevisionHeader header = *cluster_.state().proposed;
  write_state([](StateDocument& state) { state.proposed.reset(); });
  b().sent.clear();
  ASSERT_THAT(b().staged, SizeIs(1));
  write_state([&](StateDocument& state) { state.committed = header; });
  EXPECT_THAT(b().staged, SizeIs(2)) << "tested once more before it is applied";
}

// The next leader numbers above what agents serve, in whichever lineage they got it.
TEST_F(FollowerRetriesTest, LineageThatComesBackIsNotFollowedBackwards) {
  a().offer("one");
  cluster_.settle();
  const std::string old_root = cluster_.read("/chorale").value();
  a().offer("two");
  cluster_.settle();
  const Identity reached = *b().applied;
  write("/chorale", encode(RootDocument{"another"}));
  cluster_.advance(seconds(1));
  EXPECT_EQ(b().applied, reached);
  cluster_.leader()->offer("three");
  cluster_.advance(seconds(1));
  const Identity other = *b().applied;
  EXPECT_NE(other, reached);
  EXPECT_TRUE(reached.older_than(other));
  write("/chorale", old_root);
  cluster_.advance(seconds(1));
  for (std::size_t i = 1; i < b().applied_history.size(); ++i) {
    EXPECT_TRUE(b().applied_history[i - 1].older_than(b().applied_history[i])) << i;
  }
}

}  // namespace
}  // namespace chorale::coordination
