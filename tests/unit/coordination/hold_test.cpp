#include "coordination/hold.h"

#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string kHold = "/chorale/hold";

// "one", "two" and "three" are committed as 1.1, 1.2 and 1.3.
class HoldTest : public PoolTest {
 protected:
  HoldTest() {
    for (const char* text : {"one", "two", "three"}) {
      a().offer(text);
      cluster_.settle();
      identities_.push_back(cluster_.state().committed->identity);
    }
  }

  [[nodiscard]] const Identity& one() const { return identities_[0]; }
  [[nodiscard]] const Identity& two() const { return identities_[1]; }
  [[nodiscard]] const Identity& three() const { return identities_[2]; }
  [[nodiscard]] Identity committed() { return cluster_.state().committed->identity; }
  [[nodiscard]] HoldDocument held() { return cluster_.state().held.value_or(HoldDocument{}); }

  void hold(const std::string& text) {
    create(kHold, text);
    cluster_.settle();
  }
  // Whoever leads, what it offers now is not published.
  void expect_kept_back(TestAgent& leader, const std::string& text = "later") {
    const Identity before = committed();
    const auto offer = leader.offer(text);
    cluster_.advance(seconds(1));
    EXPECT_EQ(committed(), before);
    ASSERT_THAT(leader.closed, Not(IsEmpty()));
    EXPECT_EQ(leader.closed.back().offer, offer);
    EXPECT_EQ(leader.closed.back().fate, Fate::kAbandoned);
    EXPECT_THAT(leader.closed.back().reason, HasSubstr("hel"));
  }

 private:
  std::vector<Identity> identities_;
};

TEST_F(HoldTest, CurrentIsWhatIsCommitted) {
  hold(R"({"revision":"current","by":"jo","reason":"deploy"})");
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_EQ(held().by, "jo");
  EXPECT_EQ(held().reason, "deploy");
  EXPECT_EQ(held().error, "");
  EXPECT_EQ(held().since.size(), std::string("2026-11-22T12:00:00.000Z").size()) << held().since;
  EXPECT_EQ(committed(), three()) << "nothing is published again";
  EXPECT_THAT(a().held_committed, IsEmpty());
  EXPECT_THAT(a().notes, Contains("held on 1.3 by jo: deploy"));
  EXPECT_EQ(a().view->held, held());
  EXPECT_EQ(b().view->held, held());
  expect_kept_back(a());
}

TEST_F(HoldTest, EarlierRevisionIsPublishedAgainAboveAllOthers) {
  hold(R"({"revision":1,"by":"jo","reason":"deploy"})");
  EXPECT_EQ(identity_of(held()), one());
  EXPECT_EQ(committed(), (Identity{Epoch{1}, Revision{4}, one().digest}));
  EXPECT_EQ(b().applied, committed());
  EXPECT_EQ(cluster_.state().committed->cause, "held on 1.1 by jo: deploy");
  EXPECT_EQ(cluster_.state().committed->created_at, held().since);
  EXPECT_EQ(cluster_.state().committed->apps, 1);
  ASSERT_THAT(a().held_committed, SizeIs(1));
  EXPECT_EQ(a().held_committed[0].manifest->header.identity, committed());
  EXPECT_EQ(a().held_committed[0].manifest->parent, three());
  EXPECT_EQ(*a().held_committed[0].files.at(0).text, "conf one\n");
  EXPECT_THAT(a().closed, SizeIs(3)) << "it was nobody's offer";
  expect_kept_back(a());
  cluster_.advance(seconds(60));
  EXPECT_EQ(committed().revision, Revision{4});
}

TEST_F(HoldTest, AnEpochMayBeNamedToo) {
  hold("1.2");
  EXPECT_EQ(identity_of(held()), two());
  EXPECT_EQ(committed().digest, two().digest);
}

TEST_F(HoldTest, OfANumberTheNewestEpochIsMeant) {
  const auto manifest = cluster_.read("/chorale/revisions/000001.0000000002");
  ASSERT_TRUE(manifest);
  auto older = *decode_manifest(*manifest);
  older.header.identity.epoch = Epoch{0};
  create("/chorale/revisions/000000.0000000001", encode(older));
  hold("1");
  EXPECT_EQ(identity_of(held()), one());
}

TEST_F(HoldTest, WhatWasQuarantinedInItIsSoAgain) {
  a().offer("four", 2, {{"/bad", "no", "digest", "then"}});
  a().offer("five");
  cluster_.settle();
  ASSERT_EQ(cluster_.state().committed->quarantined, 0);
  hold("4");
  EXPECT_EQ(cluster_.state().committed->quarantined, 1);
  EXPECT_EQ(cluster_.state().committed->apps, 2);
  ASSERT_THAT(a().held_committed, SizeIs(1));
  EXPECT_EQ(a().held_committed[0].manifest->quarantined.at(0).app, "/bad");
}

TEST_F(HoldTest, ReleaseLetsTheNextOfferPass) {
  hold("1");
  expect_kept_back(a());
  remove(kHold);
  cluster_.settle();
  EXPECT_FALSE(cluster_.state().held);
  EXPECT_THAT(a().notes, Contains("released, it was held on 1.1 by an operator"));
  EXPECT_EQ(committed().digest, one().digest) << "until something is offered";
  a().offer("three");
  cluster_.settle();
  EXPECT_EQ(committed(), (Identity{Epoch{1}, Revision{5}, three().digest}));
}

TEST_F(HoldTest, AnotherHoldTakesItsPlace) {
  hold("1");
  write(kHold, "2");
  cluster_.settle();
  EXPECT_EQ(identity_of(held()), two());
  EXPECT_EQ(committed().digest, two().digest);
  write(kHold, "current");
  cluster_.settle();
  EXPECT_EQ(held().digest, two().digest);
  EXPECT_EQ(committed().digest, two().digest);
}

TEST_F(HoldTest, TheNextLeaderHoldsTheSame) {
  hold("1");
  const auto before = cluster_.state();
  cluster_.kill_and_expire(a());
  cluster_.settle();
  ASSERT_TRUE(b().leading());
  EXPECT_TRUE(b().gained.back().held);
  EXPECT_EQ(cluster_.state().held, before.held);
  EXPECT_EQ(cluster_.state().committed, before.committed);
  expect_kept_back(b());
  EXPECT_THAT(b().held_committed, IsEmpty());
}

TEST_F(HoldTest, CurrentMeansTheSameForTheNextLeader) {
  hold("current");
  const auto before = cluster_.state();
  cluster_.kill_and_expire(a());
  cluster_.settle();
  ASSERT_TRUE(b().leading());
  EXPECT_EQ(cluster_.state().held, before.held);
  expect_kept_back(b());
}

TEST_F(HoldTest, WhatIsSetWhileNobodyLeadsIsHeldBeforeAnythingIsProposed) {
  EXPECT_FALSE(b().leading());
  a().hold_replies(true);
  create(kHold, "1");
  cluster_.kill(a());
  b().refuse = refusing<CheckNode>(kHold, ErrorKind::kNoAuth, 1);  // its first look fails
  cluster_.ensemble->expire(a().session());
  cluster_.settle();
  ASSERT_TRUE(b().leading());
  EXPECT_FALSE(b().gained.back().held);
  b().offer("four");
  cluster_.settle();
  EXPECT_EQ(committed(), three()) << "nothing is proposed until the hold was read";
  EXPECT_THAT(b().closed, IsEmpty());
  cluster_.advance(seconds(6));
  EXPECT_EQ(committed().digest, one().digest);
  ASSERT_THAT(b().closed, SizeIs(1));
  EXPECT_EQ(b().closed[0].fate, Fate::kAbandoned);
}

TEST_F(HoldTest, WhatIsReleasedWhileNobodyLeadsIsHeldNoMore) {
  hold("current");
  a().hold_replies(true);
  remove(kHold);
  cluster_.kill_and_expire(a());
  cluster_.settle();
  ASSERT_TRUE(b().leading());
  EXPECT_TRUE(b().gained.back().held);
  EXPECT_FALSE(cluster_.state().held);
  b().offer("four");
  cluster_.settle();
  EXPECT_NE(committed(), three());
}

TEST_F(HoldTest, WhatIsBeingProposedIsFinishedFirst) {
  b().answer = std::nullopt;
  a().offer("four");
  cluster_.settle();
  ASSERT_TRUE(cluster_.state().proposed);
  hold("current");
  EXPECT_FALSE(cluster_.state().held) << "not between propose and commit";
  cluster_.advance(seconds(4));
  EXPECT_EQ(cluster_.state().committed->cause, "four");
  EXPECT_EQ(identity_of(held()), committed());
}

TEST_F(HoldTest, RevisionThatIsNotKeptHoldsWhatIsCommitted) {
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

TEST_F(HoldTest, NamedEpochThatIsNotKeptHoldsWhatIsCommitted) {
  hold("2.1");
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_EQ(held().error, "revision 2.1 is not kept any more");
}

TEST_F(HoldTest, UnreadableHoldHoldsWhatIsCommitted) {
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

TEST_F(HoldTest, HoldThatMustNotBeReadHoldsWhatIsCommittedUntilItCan) {
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

TEST_F(HoldTest, LostRepliesAreAskedForAgain) {
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

TEST_F(HoldTest, DamagedRevisionHoldsWhatIsCommitted) {
  write("/chorale/revisions/000001.0000000001", "{");
  hold("1");
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_THAT(held().error, HasSubstr("revision 1.1 cannot be read: manifest is not JSON"));
}

TEST_F(HoldTest, ManifestOfAnotherRevisionHoldsWhatIsCommitted) {
  const auto other = cluster_.read("/chorale/revisions/000001.0000000002");
  ASSERT_TRUE(other);
  write("/chorale/revisions/000001.0000000001", *other);
  hold("1");
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_EQ(held().error, "revision 1.1 cannot be read: it is not what its name says");
}

TEST_F(HoldTest, RevisionWithoutItsChunksHoldsWhatIsCommitted) {
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

TEST_F(HoldTest, RevisionOfAnotherPolicyHoldsWhatIsCommitted) {
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

TEST_F(HoldTest, RefusedRevisionBlocksAndIsTriedAgain) {
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

TEST_F(HoldTest, ReleaseOfARefusedRevisionBlocksNothing) {
  a().answer = VoteResult::kNack;
  hold("1");
  cluster_.advance(seconds(6));
  ASSERT_TRUE(a().view->blocked);
  remove(kHold);
  cluster_.advance(seconds(6));
  EXPECT_FALSE(cluster_.state().held);
  EXPECT_FALSE(a().view->blocked);
}

TEST_F(HoldTest, NobodyCanTestItIsTriedAgainSooner) {
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

TEST_F(HoldTest, WhatAHoldKeepsBackIsNotBlocked) {
  hold("current");
  expect_kept_back(a());
  cluster_.advance(seconds(10));
  EXPECT_FALSE(a().view->blocked);
}

TEST_F(HoldTest, WhatIsHeldIsPublishedAboveWhatABackupHasLost) {
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

TEST_F(HoldTest, WhereNothingIsCommittedThereIsNothingToHold) {
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

TEST_F(HoldTest, LostStateIsBegunWithWhatIsHeld) {
  create(kHold, "1");
  cluster_.settle();
  ASSERT_EQ(committed().digest, one().digest);
  write(kState, "{");
  cluster_.settle();
  ASSERT_TRUE(cluster_.state().committed);
  EXPECT_EQ(committed().digest, one().digest);
  EXPECT_EQ(identity_of(held()), one());
}

TEST_F(HoldTest, HeldRevisionIsNeverCollected) {
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
