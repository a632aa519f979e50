// How a leadership begins, what fences it, and how it ends.
#include "coordination/takeover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// a leads, b follows.
class TakeoverTest : public testing::Test {
 protected:
  TakeoverTest() : a_(cluster_.add("a")), b_(cluster_.add("b")) {
    a_.start();
    cluster_.advance(seconds(1));
    b_.start();
    cluster_.advance(seconds(1));
  }
  void delete_election_znode_of(const std::string& id) {
    for (const std::string& name : cluster_.list("/chorale/election")) {
      if (name.starts_with(id + ".")) {
        (void)cluster_.operate(DeleteNode{Path("/chorale/election/" + name), kAnyVersion});
      }
    }
  }

  CoordinatorCluster cluster_;
  TestAgent& a_;
  TestAgent& b_;
};

TEST_F(TakeoverTest, KeepsTheCommittedStateAndDropsTheProposal) {
  a_.offer("one");
  cluster_.settle();
  const auto committed = cluster_.state().committed;
  ASSERT_TRUE(committed);
  a_.answer = std::nullopt;  // a never finishes its own test: the proposal stays open
  a_.offer("two");
  cluster_.settle();
  ASSERT_TRUE(cluster_.state().proposed);
  cluster_.kill_and_expire(a_);
  cluster_.advance(seconds(1));
  ASSERT_TRUE(b_.leading());
  const StateDocument state = cluster_.state();
  EXPECT_EQ(state.committed, committed);
  EXPECT_FALSE(state.proposed);
  EXPECT_EQ(state.last_revision, Revision{2});  // burnt
  EXPECT_EQ(b_.applied, committed->identity);   // staged and acked by b, but withdrawn
}

TEST_F(TakeoverTest, DeposedLeaderCannotPublish) {
  a_.answer = std::nullopt;
  a_.offer("one");
  cluster_.settle();
  ASSERT_TRUE(cluster_.state().proposed);
  a_.hold_replies(true);  // frozen: it hears nothing of what follows
  delete_election_znode_of("a");
  cluster_.settle();
  ASSERT_TRUE(b_.leading());
  const StateDocument ours = cluster_.state();
  a_.sent.clear();
  a_.step(StageFinished{a_.staged.back().identity, VoteResult::kAck, ""});
  cluster_.advance(seconds(4));
  ASSERT_TRUE(std::any_of(a_.sent.begin(), a_.sent.end(), is_state_write));  // it tried
  EXPECT_EQ(cluster_.state(), ours);
  a_.hold_replies(false);
  cluster_.advance(seconds(1));
  EXPECT_THAT(a_.lost, SizeIs(1));
  EXPECT_FALSE(a_.leading());
  EXPECT_EQ(a_.closed.back().fate, Fate::kAbandoned);
  EXPECT_THAT(a_.applied_history, IsEmpty());
}

TEST_F(TakeoverTest, AReadOfAnotherTermEndsLeadership) {
  StateDocument other = cluster_.state();
  other.epoch = Epoch{5};
  other.term = "another";
  other.leader = "c";
  (void)cluster_.operate(WriteNode{Path("/chorale/state"), encode(other), kAnyVersion});
  cluster_.settle();
  EXPECT_THAT(a_.lost, SizeIs(1));
  cluster_.advance(seconds(1));
  EXPECT_TRUE(b_.leading());  // a has rejoined at the tail
  EXPECT_GT(cluster_.state().epoch, Epoch{5});
}

TEST_F(TakeoverTest, EpochIsAboveWhatEveryLiveAgentHasApplied) {
  TestAgent& c = cluster_.add("c");
  c.start(identity(9, 50));
  cluster_.advance(seconds(1));
  ASSERT_NE(cluster_.leader(), nullptr);
  EXPECT_EQ(cluster_.state().epoch, Epoch{10});
  EXPECT_EQ(cluster_.state().last_revision, Revision{50});
  EXPECT_THAT(a_.gained, SizeIs(2));  // it led already, and took over again
  a_.offer("one");
  cluster_.settle();
  EXPECT_EQ(c.applied, cluster_.state().committed->identity);
}

TEST_F(TakeoverTest, DamagedNumbersOfAnAgentAreNotCountedOn) {
  cluster_.add("c").start(identity(std::numeric_limits<std::int64_t>::max(), 1));
  cluster_.advance(seconds(5));
  EXPECT_LT(cluster_.state().epoch, Epoch{10});
  EXPECT_NE(cluster_.leader(), nullptr);
}

TEST_F(TakeoverTest, UnreadableStateIsTakenOver) {
  a_.offer("one");
  cluster_.settle();
  const StateDocument before = cluster_.state();
  (void)cluster_.operate(WriteNode{Path("/chorale/state"), "{\"format\":", kAnyVersion});
  cluster_.advance(seconds(1));
  const StateDocument after = cluster_.state();
  EXPECT_GT(after.epoch, before.epoch);
  EXPECT_EQ(after.last_revision, before.last_revision);
  ASSERT_NE(cluster_.leader(), nullptr);
  EXPECT_EQ(b_.applied, before.committed->identity);  // keeps what it serves
}

TEST_F(TakeoverTest, DeletedStateIsCreatedAboveTheOldNumbers) {
  a_.offer("one");
  cluster_.settle();
  const StateDocument before = cluster_.state();
  (void)cluster_.operate(DeleteNode{Path("/chorale/state"), kAnyVersion});
  cluster_.advance(seconds(11));
  EXPECT_FALSE(cluster_.read("/chorale/state"));  // an old leader may still be about to write at a low version
  cluster_.advance(seconds(2));
  EXPECT_GT(cluster_.state().epoch, before.epoch);
  cluster_.leader()->offer("two");
  cluster_.settle();
  EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{2});
  EXPECT_EQ(b_.applied, cluster_.state().committed->identity);
}

TEST_F(TakeoverTest, StateOfAnotherClusterIsIgnoredAndReported) {
  StateDocument foreign = cluster_.state();
  foreign.cluster_id = "somebody else's";
  foreign.term = "theirs";
  foreign.committed = RevisionHeader{identity(1, 1), "", "", 0, 0, 0};
  (void)cluster_.operate(WriteNode{Path("/chorale/state"), encode(foreign), kAnyVersion});
  cluster_.advance(seconds(1));
  EXPECT_FALSE(cluster_.state().committed);
  EXPECT_NE(cluster_.state().cluster_id, "somebody else's");
  EXPECT_THAT(b_.notes, testing::Contains(HasSubstr("another cluster id")));
}

TEST_F(TakeoverTest, UnreadableCommittedRevisionIsReportedAndKept) {
  a_.offer("one");
  cluster_.settle();
  const StateDocument before = cluster_.state();
  cluster_.kill_and_expire(b_);
  cluster_.kill_and_expire(a_);
  (void)cluster_.operate(
      DeleteNode{Path("/chorale/revisions/" + manifest_name(before.epoch, before.last_revision)), kAnyVersion});
  TestAgent& c = cluster_.add("c");
  c.start();
  ASSERT_TRUE(cluster_.wait([&] { return c.leading(); }, seconds(2)));
  EXPECT_FALSE(c.gained.back().committed);
  EXPECT_THAT(c.gained.back().reason, HasSubstr("cannot be read"));
  EXPECT_EQ(cluster_.state().committed, before.committed);
}

TEST_F(TakeoverTest, DisconnectedLeaderSendsNothingAndGivesUpAfterTwoThirds) {
  cluster_.ensemble->disconnect(a_.session());
  cluster_.settle();
  a_.sent.clear();
  cluster_.advance(seconds(6));
  EXPECT_TRUE(a_.leading());
  cluster_.advance(seconds(1));
  EXPECT_FALSE(a_.leading());
  EXPECT_THAT(a_.lost, SizeIs(1));
  EXPECT_THAT(a_.sent, IsEmpty());
  cluster_.ensemble->reconnect(a_.session());
  cluster_.advance(seconds(1));
  EXPECT_TRUE(a_.leading());  // the same session: still the lowest, a new leadership
  EXPECT_EQ(cluster_.state().epoch, Epoch{2});
}

TEST_F(TakeoverTest, RestoredOlderBackupIsNumberedOver) {
  a_.offer("one");
  cluster_.settle();
  const MemoryNodes backup = cluster_.ensemble->snapshot();
  a_.offer("two");
  cluster_.settle();
  const Identity lost = cluster_.state().committed->identity;
  cluster_.ensemble->restore(backup);
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.leader() != nullptr && cluster_.state().epoch > lost.epoch; }));
  EXPECT_EQ(a_.applied, lost);  // nobody goes back to revision 1
  EXPECT_EQ(b_.applied, lost);
  cluster_.leader()->offer("one");  // the very content of the backup
  cluster_.advance(seconds(1));
  EXPECT_EQ(a_.applied, cluster_.state().committed->identity);
  EXPECT_TRUE(lost.older_than(*a_.applied));
  EXPECT_EQ(b_.applied, a_.applied);
}

TEST_F(TakeoverTest, WipedEnsembleStartsANewLineage) {
  a_.offer("one");
  cluster_.settle();
  const Identity before = *b_.applied;
  cluster_.ensemble->restore({});
  cluster_.advance(seconds(20));
  EXPECT_EQ(b_.applied, before);  // still serving
  ASSERT_TRUE(cluster_.wait([&] { return cluster_.leader() != nullptr && !cluster_.leader()->lost.empty(); }));
  cluster_.leader()->offer("two");
  cluster_.advance(seconds(1));
  EXPECT_TRUE(before.older_than(cluster_.state().committed->identity));
  EXPECT_EQ(b_.applied, cluster_.state().committed->identity);
}

}  // namespace
}  // namespace chorale::coordination
