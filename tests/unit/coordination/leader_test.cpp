// When a term begins and ends, what it numbers from, and how failed terms back off.
#include "coordination/leader.h"

#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class LeaderTest : public PoolTest {
 protected:
  void put_agent(const std::string& id, std::optional<Identity> applied) {
    AgentDocument document;
    document.id = id;
    if (applied) document.applied = AppliedEntry{*applied, "now"};
    create("/chorale/agents/" + id, encode(document));
  }
  // a loses its term and its place: b takes over.
  void depose_a() {
    cluster_.kill_and_expire(a());
    cluster_.settle();
  }
  void write_state(const std::function<void(StateDocument&)>& change) {
    StateDocument state = cluster_.state();
    change(state);
    write(kState, encode(state));
  }
};

TEST_F(LeaderTest, TermIsToldWithItsEpochAndReason) {
  ASSERT_THAT(a().gained, SizeIs(1));
  EXPECT_EQ(a().gained[0].epoch, Epoch{1});
  EXPECT_EQ(a().gained[0].reason, "nothing was ever committed");
  EXPECT_THAT(a().news, Contains("leading in epoch 1; nothing was ever committed"));
  a().offer("one");
  cluster_.settle();
  depose_a();
  ASSERT_THAT(b().gained, SizeIs(1));
  EXPECT_EQ(b().gained[0].reason, "");
  EXPECT_THAT(b().news, Contains("leading in epoch 2"));
  EXPECT_EQ(b().gained[0].committed->header, *cluster_.state().committed);
}

TEST_F(LeaderTest, NumbersAreAboveTheStateTheProposalAndTheAgents) {
  a().offer("one");
  cluster_.settle();
  write_state([](StateDocument& state) {
    state.last_revision = Revision{3};
    state.proposed = state.committed;
    state.proposed->identity.revision = Revision{7};
  });
  depose_a();
  EXPECT_EQ(cluster_.state().last_revision, Revision{7});
  EXPECT_FALSE(cluster_.state().proposed);

  write_state([](StateDocument& state) { state.committed->identity.revision = Revision{9}; });
  TestAgent& c = cluster_.add("c");
  c.start(identity(1, 11));
  cluster_.advance(seconds(1));
  cluster_.kill_and_expire(b());
  cluster_.settle();
  ASSERT_TRUE(c.leading());
  EXPECT_EQ(cluster_.state().last_revision, Revision{11}) << "its own";
}

TEST_F(LeaderTest, RevisionOfTheCommittedStateCountsEvenAboveTheLast) {
  write_state([](StateDocument& state) {
    state.committed = RevisionHeader{identity(1, 9), "", "", 0, 0, 0};
    state.last_revision = Revision{3};
  });
  depose_a();
  EXPECT_EQ(cluster_.state().last_revision, Revision{9});
}

TEST_F(LeaderTest, DamagedNumbersOfAnAgentAreNotCounted) {
  put_agent("x", identity(kHighestEpoch.value + 1, 1));
  put_agent("y", identity(1, kHighestRevision.value + 1));
  depose_a();
  EXPECT_EQ(cluster_.state().epoch, Epoch{2});
  EXPECT_EQ(cluster_.state().last_revision, Revision{0});
}

TEST_F(LeaderTest, HighestNumbersOfAnAgentAreStillCounted) {
  put_agent("x", identity(1, kHighestRevision.value));
  depose_a();
  EXPECT_EQ(cluster_.state().last_revision, kHighestRevision);
}

TEST_F(LeaderTest, WithoutAReadableStateTheManifestsTellWhichNumbersWereBurnt) {
  for (const char* name : {"000005.0000000007", "000004.0000000009", "nonsense", "9", "000099.", "000098.12x", ".1"}) {
    create(std::string("/chorale/revisions/") + name, "");
  }
  cluster_.kill_and_expire(b());
  write(kState, "{");
  cluster_.advance(seconds(1));
  EXPECT_EQ(cluster_.state().epoch, Epoch{6});
  EXPECT_EQ(cluster_.state().last_revision, Revision{9});
  EXPECT_THAT(a().notes, Contains(HasSubstr("taking over a state that cannot be read")));
}

TEST_F(LeaderTest, WithAReadableStateTheManifestsAreNotListed) {
  create("/chorale/revisions/000005.0000000007");
  b().sent.clear();
  depose_a();
  EXPECT_EQ(times_asked<ListChildren>(b(), "/chorale/revisions"), 0);
  EXPECT_EQ(cluster_.state().epoch, Epoch{2});
}

TEST_F(LeaderTest, AgentThatShowsAHigherEpochIsTakenOverAgain) {
  put_agent("x", identity(5, 1));
  cluster_.advance(seconds(1));
  EXPECT_TRUE(a().leading());
  EXPECT_EQ(cluster_.state().epoch, Epoch{6});
  ASSERT_THAT(a().lost, SizeIs(1));
  EXPECT_EQ(a().lost[0].reason, "an agent has applied epoch 5");
}

TEST_F(LeaderTest, AgentOfTheOwnEpochWithWhatTheStateDoesNotKnowIsNumberedAbove) {
  put_agent("x", identity(1, 8));
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().lost, SizeIs(1));
  EXPECT_EQ(a().lost[0].reason, "an agent has applied what the state does not know");
  EXPECT_EQ(cluster_.state().last_revision, Revision{8});
  cluster_.advance(seconds(20));
  EXPECT_THAT(a().lost, SizeIs(1)) << "once is enough";
}

TEST_F(LeaderTest, AgentsOfTheCommittedStateOrAnOlderOneEndNoTerm) {
  a().offer("one");
  cluster_.settle();
  a().offer("two");
  cluster_.settle();
  put_agent("x", cluster_.state().committed->identity);
  put_agent("y", identity(1, 1));
  cluster_.advance(seconds(20));
  EXPECT_THAT(a().lost, IsEmpty());
  a().offer("two");
  cluster_.settle();
  EXPECT_EQ(cluster_.state().last_revision, Revision{2}) << "equal content is not published again";
}

TEST_F(LeaderTest, NothingIsNumberedAboveDamagedNumbers) {
  a().offer("one");
  cluster_.settle();
  put_agent("x", identity(kHighestEpoch.value + 1, 1));
  put_agent("y", identity(1, kHighestRevision.value + 1));
  cluster_.advance(seconds(20));
  EXPECT_THAT(a().lost, IsEmpty());
  a().offer("one");
  cluster_.settle();
  EXPECT_EQ(cluster_.state().last_revision, Revision{1}) << "equal content is not published again";
}

TEST_F(LeaderTest, SameNumberOfAnotherHistoryIsOutranked) {
  a().offer("one");
  cluster_.settle();
  put_agent("x", identity(1, 1));  // with another digest
  cluster_.advance(seconds(1));
  EXPECT_THAT(a().lost, SizeIs(1));
}

TEST_F(LeaderTest, UnableLeaderStaysWhereNobodyElseCan) {
  for (const auto& each : cluster_.agents) each->answer = VoteResult::kUnable;
  a().offer("one");
  cluster_.advance(seconds(20));
  EXPECT_TRUE(a().leading());
  EXPECT_THAT(a().lost, IsEmpty());
}

TEST_F(LeaderTest, UnableLeaderHandsOverAfterFifteenSecondsAndSaysWhy) {
  a().answer = VoteResult::kUnable;
  a().offer("one");
  cluster_.advance(milliseconds(14'900));
  EXPECT_THAT(a().lost, IsEmpty());
  cluster_.advance(milliseconds(100));
  ASSERT_THAT(a().lost, SizeIs(1));
  EXPECT_EQ(a().lost[0].reason, "cannot test what it publishes, and another agent can: nginx: [emerg] no");
}

TEST_F(LeaderTest, OneTestThatSucceedsEndsTheInability) {
  a().answer = VoteResult::kUnable;
  a().offer("one");
  cluster_.advance(seconds(8));
  a().answer = VoteResult::kAck;
  cluster_.advance(seconds(4));
  ASSERT_EQ(a().applied, b().applied);
  a().answer = VoteResult::kUnable;
  a().offer("two");
  cluster_.advance(seconds(12));
  EXPECT_TRUE(a().leading());
  EXPECT_THAT(a().lost, IsEmpty());
}

}  // namespace
}  // namespace chorale::coordination
