// What the only writer of the state does when a write is refused, lost, or overtaken by another term.
#include "coordination/fence.h"

#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class FenceTest : public PoolTest {
 protected:
  // The next write of the state is done and its reply lost.
  void lose_next_write() {
    a().lose_reply = [lost = false](const Operation& operation) mutable {
      return asks<WriteNode>(operation, kState) && !std::exchange(lost, true);
    };
  }
  // Another term stands in the state, written by the test.
  StateDocument overthrow() {
    StateDocument other = cluster_.state();
    other.epoch.value += 1;
    other.term = "another";
    other.leader = "z";
    write(kState, encode(other));
    return other;
  }
};

TEST_F(FenceTest, LostWriteIsClearedUpBySyncAndReadAtOnce) {
  lose_next_write();
  a().sent.clear();
  a().offer("one");
  cluster_.settle();
  EXPECT_EQ(times_asked<SyncPath>(a(), kState), 1);
  ASSERT_THAT(a().closed, SizeIs(1));
  EXPECT_EQ(a().closed[0].fate, Fate::kCommitted);
  EXPECT_THAT(a().lost, IsEmpty());
}

TEST_F(FenceTest, LostSyncIsRepeatedAfterAMoment) {
  lose_next_write();
  a().refuse = refusing<SyncPath>(kState, ErrorKind::kConnectionLoss, 1);
  a().offer("one");
  cluster_.settle();
  EXPECT_THAT(a().closed, IsEmpty());
  expect_asked_after<SyncPath>(a(), kState, milliseconds(100));
  EXPECT_THAT(a().closed, SizeIs(1));
}

TEST_F(FenceTest, ErrorsOfTheReadAreRetriedEachInItsTime) {
  const struct {
    ErrorKind kind;
    milliseconds delay;
  } cases[] = {{ErrorKind::kConnectionLoss, milliseconds(100)}, {ErrorKind::kNoAuth, seconds(5)}};
  a().deaf = true;  // it would otherwise read the state for another reason
  cluster_.advance(seconds(10));
  for (const auto& [kind, delay] : cases) {
    a().closed.clear();
    lose_next_write();
    bool synced = false;
    bool refused = false;
    a().refuse = [&, error = kind](const Operation& operation) -> std::optional<ErrorKind> {
      synced = synced || asks<SyncPath>(operation, kState);
      if (!synced || refused || !asks<ReadNode>(operation, kState)) return std::nullopt;
      refused = true;
      return error;
    };
    a().offer(std::string(to_string(kind)));
    cluster_.settle();
    EXPECT_THAT(a().closed, IsEmpty());
    expect_asked_after<SyncPath>(a(), kState, delay);
    a().refuse = nullptr;
    cluster_.advance(seconds(11));
    EXPECT_THAT(a().closed, SizeIs(1));
  }
}

TEST_F(FenceTest, WriteThatNeverHappenedIsRepeated) {
  a().refuse = refusing<WriteNode>(kState, ErrorKind::kConnectionLoss, 1);
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(a().closed, SizeIs(1));
  EXPECT_EQ(a().closed[0].fate, Fate::kCommitted);
  EXPECT_EQ(cluster_.state().last_revision, Revision{1});
}

TEST_F(FenceTest, OwnOlderWriteThatCameLateIsNoOtherTerm) {
  a().refuse = refusing<WriteNode>(kState, ErrorKind::kBadVersion, 1);
  a().offer("one");
  cluster_.settle();
  EXPECT_THAT(a().lost, IsEmpty());
  EXPECT_THAT(a().closed, SizeIs(1));
}

TEST_F(FenceTest, RefusedWriteEndsTheTermAndNamesTheReason) {
  for (const ErrorKind kind : {ErrorKind::kNoAuth, ErrorKind::kBadRequest}) {
    TestAgent& leader = *cluster_.leader();
    leader.refuse = refusing<WriteNode>(kState, kind, 1);
    leader.lost.clear();
    leader.sent.clear();
    leader.offer("one");
    cluster_.settle();
    ASSERT_THAT(leader.lost, SizeIs(1)) << to_string(kind);
    EXPECT_EQ(leader.lost[0].reason, "cannot write the state: " + std::string(to_string(kind)));
    EXPECT_EQ(leader.closed.back().fate, Fate::kAbandoned);
    EXPECT_EQ(times_asked<SyncPath>(leader, kState), 0);
    cluster_.advance(seconds(1));
    ASSERT_NE(cluster_.leader(), nullptr);
    EXPECT_NE(cluster_.leader(), &leader) << "it left its place to one that can";
  }
}

TEST_F(FenceTest, WriteOverAnotherTermEndsThisOneAndNamesTheOther) {
  a().deaf = true;
  const StateDocument other = overthrow();
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(a().lost, SizeIs(1));
  EXPECT_EQ(a().lost[0].reason, "z leads in epoch 2");
  EXPECT_THAT(a().closed, SizeIs(1));
}

TEST_F(FenceTest, SameEpochOfAnotherTermIsAnotherTerm) {
  StateDocument other = cluster_.state();
  other.term = "another";
  other.leader = "z";
  a().deaf = true;
  write(kState, encode(other));
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(a().lost, SizeIs(1));
  EXPECT_EQ(a().lost[0].reason, "z leads in epoch 1");
}

TEST_F(FenceTest, HigherEpochOfTheSameTermIsAnotherTerm) {
  StateDocument other = cluster_.state();
  other.epoch.value += 1;
  write(kState, encode(other));
  EXPECT_THAT(a().lost, SizeIs(1));
}

TEST_F(FenceTest, WriteOverAStateThatIsGoneEndsTheTerm) {
  a().deaf = b().deaf = true;
  remove(kState);
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(a().lost, SizeIs(1));
  EXPECT_EQ(a().lost[0].reason, "the state is gone");
}

TEST_F(FenceTest, WriteOverAStateThatCannotBeReadEndsTheTerm) {
  a().deaf = b().deaf = true;
  write(kState, "{");
  a().offer("one");
  cluster_.settle();
  ASSERT_THAT(a().lost, SizeIs(1));
  EXPECT_THAT(a().lost[0].reason, HasSubstr("the state cannot be read"));
}

TEST_F(FenceTest, ClearingWaitsForTheConnection) {
  lose_next_write();
  a().lose_reply = [this](const Operation& operation) {
    if (!asks<WriteNode>(operation, kState)) return false;
    a().hold_replies(true);
    return true;
  };
  a().offer("one");
  cluster_.settle();
  a().lose_reply = nullptr;
  cluster_.ensemble->disconnect(a().session());
  cluster_.settle();
  a().hold_replies(false);
  a().sent.clear();
  cluster_.advance(seconds(2));
  EXPECT_THAT(a().sent, IsEmpty());
  cluster_.ensemble->reconnect(a().session());
  cluster_.advance(seconds(1));
  ASSERT_THAT(a().closed, SizeIs(1));
  EXPECT_EQ(a().closed[0].fate, Fate::kCommitted);
  EXPECT_EQ(cluster_.state().epoch, Epoch{1});
}

TEST_F(FenceTest, NewerVersionOfTheOwnTermIsWrittenUpon) {
  StateDocument ours = cluster_.state();
  ours.last_revision = Revision{9};  // as an own write that was thought lost would leave it
  write(kState, encode(ours));
  a().sent.clear();
  a().offer("one");
  cluster_.settle();
  EXPECT_EQ(times_asked<SyncPath>(a(), kState), 0) << "it had seen the version";
  EXPECT_EQ(cluster_.state().committed->identity.revision, Revision{10});
}

TEST_F(FenceTest, LostReplyOfTheFirstWriteOfATermIsAdopted) {
  for (const bool creation : {true, false}) {
    CoordinatorCluster cluster;
    TestAgent& agent = cluster.add("a");
    if (!creation) {
      cluster.add("z").start();
      cluster.settle();
      cluster.kill_and_expire(*cluster.agents[1]);
    }
    int lost = 0;
    agent.lose_reply = [&lost](const Operation& operation) {
      return (asks<CreateNode>(operation, kState) || asks<WriteNode>(operation, kState)) && lost++ == 0;
    };
    agent.start();
    cluster.settle();
    EXPECT_TRUE(agent.leading());
    EXPECT_EQ(lost, 1);
    EXPECT_EQ(cluster.state().epoch, Epoch{creation ? 1 : 2});
    agent.offer("one");
    cluster.settle();
    EXPECT_TRUE(cluster.state().committed);
  }
}

// Another agent has created the state anew, at version 0 and below all that the last own term has written.
TEST_F(FenceTest, LostTakeoverIsAdoptedWhateverTheLastTermWrote) {
  for (const char* text : {"one", "two", "three"}) {
    a().offer(text);
    cluster_.settle();
  }
  StateDocument other = cluster_.state();
  other.epoch.value += 1;
  other.term = "another";
  other.leader = "z";
  remove(kState);
  lose_next_write();
  create(kState, encode(other));
  cluster_.advance(seconds(15));
  EXPECT_EQ(cluster_.state().epoch.value, other.epoch.value + 1) << "taken over once";
  EXPECT_TRUE(a().leading());
}

}  // namespace
}  // namespace chorale::coordination
