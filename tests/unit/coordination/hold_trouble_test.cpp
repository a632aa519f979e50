// Holds that cannot be honoured as they were meant, and what stays then.
#include "coordination/hold.h"

#include <gmock/gmock.h>

#include "hold_pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST_F(HoldTroubleTest, RevisionThatIsNotKeptHoldsWhatIsCommitted) {
  hold(R"({"revision":41,"by":"jo"})");
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_EQ(held().error, "revision 41 is not kept any more");
  EXPECT_EQ(committed(), three());
  EXPECT_THAT(a().notes, Contains("revision 41 is not kept any more; what is committed is held"));
  expect_kept_back(a());
  const auto before = cluster_.state().held;
  a().notes.clear();
  cluster_.advance(seconds(60));
  EXPECT_EQ(cluster_.state().held, before);
  EXPECT_THAT(a().notes, Not(Contains(HasSubstr("not kept"))));
}

TEST_F(HoldTroubleTest, NamedEpochThatIsNotKeptHoldsWhatIsCommitted) {
  hold("2.1");
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_EQ(held().error, "revision 2.1 is not kept any more");
}

TEST_F(HoldTroubleTest, UnreadableHoldHoldsWhatIsCommitted) {
  hold("{");
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_THAT(held().error, HasSubstr("the hold cannot be read: hold is not JSON"));
  expect_kept_back(a());
  write(kHold, "1");
  cluster_.settle();
  EXPECT_EQ(identity_of(held()), one());
  EXPECT_EQ(held().error, "");
  write(kHold, "{");
  cluster_.settle();
  EXPECT_EQ(identity_of(held()), committed()) << "which has the files of 1.1";
  EXPECT_EQ(committed().digest, one().digest);
}

TEST_F(HoldTroubleTest, HoldThatMustNotBeReadHoldsWhatIsCommittedUntilItCan) {
  a().refuse = refusing<ReadNode>(kHold, ErrorKind::kNoAuth, 2);
  hold("1");
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_EQ(held().error, "the hold cannot be read: no auth");
  const auto complaints = std::count_if(a().notes.begin(), a().notes.end(),
                                        [](const std::string& note) { return note.starts_with("the hold cannot"); });
  cluster_.advance(seconds(4));
  EXPECT_EQ(identity_of(held()), three());
  cluster_.advance(seconds(12));
  EXPECT_EQ(identity_of(held()), one());
  EXPECT_EQ(held().error, "");
  EXPECT_EQ(complaints, 1);
}

TEST_F(HoldTroubleTest, LostRepliesAreAskedForAgain) {
  int lost = 0;
  a().lose_reply = [&lost](const Operation& operation) {
    const bool asked = asks<ReadNode>(operation, kHold) || asks<ListChildren>(operation, "/chorale/revisions") ||
                       asks<ReadNode>(operation, "/chorale/revisions/000001.0000000001");
    return asked && ++lost <= 3;
  };
  hold("1");
  cluster_.advance(seconds(2));
  EXPECT_GE(lost, 3);
  EXPECT_EQ(identity_of(held()), one());
  EXPECT_EQ(held().error, "");
}

TEST_F(HoldTroubleTest, DamagedRevisionHoldsWhatIsCommitted) {
  write("/chorale/revisions/000001.0000000001", "{");
  hold("1");
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_THAT(held().error, HasSubstr("revision 1.1 cannot be read: manifest is not JSON"));
}

TEST_F(HoldTroubleTest, ManifestOfAnotherRevisionHoldsWhatIsCommitted) {
  const auto other = cluster_.read("/chorale/revisions/000001.0000000002");
  ASSERT_TRUE(other);
  write("/chorale/revisions/000001.0000000001", *other);
  hold("1");
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_EQ(held().error, "revision 1.1 cannot be read: it is not what its name says");
}

TEST_F(HoldTroubleTest, RevisionWithoutItsChunksHoldsWhatIsCommitted) {
  cluster_.kill_and_expire(a());  // b has no text of 1.1
  cluster_.kill_and_expire(b());
  for (const std::string& chunk : cluster_.list("/chorale/chunks")) {
    if (cluster_.read("/chorale/chunks/" + chunk) == "conf one\n") remove("/chorale/chunks/" + chunk);
  }
  TestAgent& c = cluster_.add("c");
  c.start();
  create(kHold, "1");
  cluster_.advance(seconds(2));
  ASSERT_TRUE(c.leading());
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_THAT(held().error, HasSubstr("revision 1.1 cannot be read: "));
  EXPECT_EQ(committed(), three());
}

TEST_F(HoldTroubleTest, RevisionOfAnotherPolicyHoldsWhatIsCommitted) {
  for (TestAgent* agent : {&a(), &b()}) agent->announce({{"realm", "x"}});
  cluster_.advance(seconds(1));
  a().offer("four");
  cluster_.settle();
  ASSERT_EQ(cluster_.state().committed->cause, "four");
  for (TestAgent* agent : {&a(), &b()}) agent->announce({{"realm", "y"}});
  cluster_.advance(seconds(3));
  TestAgent* leader = cluster_.leader();
  ASSERT_NE(leader, nullptr);
  leader->offer("five");
  cluster_.settle();
  const Identity five = committed();
  ASSERT_EQ(cluster_.state().committed->cause, "five");
  hold("4");
  EXPECT_EQ(identity_of(held()), five);
  EXPECT_EQ(held().error, "revision 1.4 was made under another policy: realm is \"x\" here and \"y\" in the pool");
  EXPECT_EQ(committed(), five);
}

TEST_F(HoldTroubleTest, RefusedRevisionBlocksAndIsTriedAgain) {
  a().judge = [](const StageRevision& revision) {
    return *revision.files.front().text == "conf one\n" ? VoteResult::kNack : VoteResult::kAck;
  };
  hold("1");
  EXPECT_EQ(identity_of(held()), one()) << "it is in force: nothing else is published";
  EXPECT_EQ(committed(), three());
  EXPECT_FALSE(cluster_.state().proposed);
  EXPECT_THAT(a().notes, Contains(HasSubstr("what is held is not committed: ")));
  cluster_.advance(seconds(6));
  ASSERT_TRUE(a().view->blocked);
  EXPECT_THAT(a().view->blocked->reason, HasSubstr("[emerg] no"));
  EXPECT_EQ(a().view->blocked->since, held().since);
  const auto staged = a().staged.size();
  cluster_.advance(seconds(20));
  EXPECT_EQ(a().staged.size(), staged) << "not yet";
  a().judge = nullptr;
  cluster_.advance(seconds(6));
  EXPECT_EQ(committed().digest, one().digest);
  EXPECT_FALSE(a().view->blocked);
}

TEST_F(HoldTroubleTest, RefusedRevisionIsTriedAgainAtOnceWhenTheAnswersAreOutdated) {
  a().answer = VoteResult::kNack;
  hold("1");
  ASSERT_EQ(committed(), three());
  a().answer = VoteResult::kAck;
  cluster_.advance(seconds(1));
  ASSERT_EQ(committed(), three());
  a().step(AnswersOutdated{});
  cluster_.settle();
  EXPECT_EQ(committed().digest, one().digest);
}

TEST_F(HoldTroubleTest, ReleaseOfARefusedRevisionBlocksNothing) {
  a().answer = VoteResult::kNack;
  hold("1");
  cluster_.advance(seconds(6));
  ASSERT_TRUE(a().view->blocked);
  remove(kHold);
  cluster_.advance(seconds(6));
  EXPECT_FALSE(cluster_.state().held);
  EXPECT_FALSE(a().view->blocked);
}

TEST_F(HoldTroubleTest, NobodyCanTestItIsTriedAgainSooner) {
  a().answer = VoteResult::kUnable;
  b().answer = VoteResult::kUnable;
  hold("1");
  EXPECT_EQ(committed(), three());
  cluster_.advance(seconds(4));
  a().answer = VoteResult::kAck;
  b().answer = VoteResult::kAck;
  EXPECT_EQ(committed(), three());
  cluster_.advance(seconds(3));
  EXPECT_EQ(committed().digest, one().digest);
}

TEST_F(HoldTroubleTest, WhatAHoldKeepsBackIsNotBlocked) {
  hold("current");
  expect_kept_back(a());
  cluster_.advance(seconds(10));
  EXPECT_FALSE(a().view->blocked);
}

TEST_F(HoldTroubleTest, WhatIsHeldIsPublishedAboveWhatABackupHasLost) {
  hold("current");
  const Identity lost{Epoch{1}, Revision{9}, std::string(64, 'f')};
  TestAgent& c = cluster_.add("c");
  c.start(lost);
  cluster_.advance(seconds(3));
  EXPECT_EQ(committed().digest, three().digest);
  EXPECT_TRUE(lost.older_than(committed()));
  EXPECT_EQ(c.applied, committed());
  EXPECT_EQ(held().digest, three().digest);
}

TEST_F(HoldTroubleTest, WhereNothingIsCommittedThereIsNothingToHold) {
  CoordinatorCluster cluster;
  TestAgent& agent = cluster.add("a");
  agent.start();
  cluster.settle();
  (void)cluster.operate(CreateNode{Path(kHold), "current"});
  cluster.settle();
  EXPECT_FALSE(cluster.state().held);
  agent.offer("first");
  cluster.advance(seconds(1));
  ASSERT_TRUE(cluster.state().committed);
  ASSERT_TRUE(cluster.state().held) << "from now on there is";
  EXPECT_EQ(identity_of(*cluster.state().held), cluster.state().committed->identity);
  agent.offer("second");
  cluster.advance(seconds(1));
  EXPECT_EQ(cluster.state().committed->cause, "first");
}

TEST_F(HoldTroubleTest, LostStateIsBegunWithWhatIsHeld) {
  create(kHold, "1");
  cluster_.settle();
  ASSERT_EQ(committed().digest, one().digest);
  write(kState, "{");
  cluster_.settle();
  ASSERT_TRUE(cluster_.state().committed);
  EXPECT_EQ(committed().digest, one().digest);
  EXPECT_EQ(identity_of(held()), one());
}

TEST_F(HoldTroubleTest, HeldRevisionIsNeverCollected) {
  CoordinatorCluster cluster;
  cluster.defaults.keep_revisions = 1;
  cluster.defaults.collect_interval = seconds(10);
  TestAgent& agent = cluster.add("a");
  agent.start();
  cluster.settle();
  agent.offer("one");
  cluster.settle();
  (void)cluster.operate(CreateNode{Path(kHold), "current"});
  cluster.settle();
  const HoldDocument held = cluster.state().held.value();
  // The operator's word goes, and the leader does not hear of it yet: what is in force counts too.
  agent.refuse = refusing<CheckNode>(kHold, ErrorKind::kNoAuth);
  (void)cluster.operate(DeleteNode{Path(kHold), kAnyVersion});
  cluster.advance(seconds(60));
  ASSERT_EQ(cluster.state().held, held);
  EXPECT_THAT(cluster.list("/chorale/revisions"), ElementsAre("000001.0000000001"));
  EXPECT_THAT(cluster.list("/chorale/chunks"), SizeIs(2));
}

}  // namespace
}  // namespace chorale::coordination
