#include "coordination/hold.h"

#include <gmock/gmock.h>

#include "hold_pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(HoldTest, CurrentIsWhatIsCommitted) {
  hold(R"({"revision":"current","by":"jo","reason":"deploy"})");
  EXPECT_EQ(identity_of(held()), three());
  EXPECT_EQ(held().by, "jo");
  EXPECT_EQ(held().reason, "deploy");
  EXPECT_EQ(held().error, "");
  EXPECT_EQ(held().since.size(), std::string("2026-11-22T12:00:00.000Z").size()) << held().since;
  EXPECT_EQ(committed(), three()) << "nothing is published again";
  EXPECT_THAT(a().held_committed, IsEmpty());
  EXPECT_THAT(a().news, Contains("held on 1.3 by jo: deploy"));
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
  EXPECT_THAT(a().news, Contains("released, it was held on 1.1 by an operator"));
  EXPECT_EQ(committed().digest, one().digest) << "until something is offered";
  a().offer("three");
  cluster_.settle();
  EXPECT_EQ(committed(), (Identity{Epoch{1}, Revision{5}, three().digest}));
}

// `chorale release` writes who it is before it takes the znode away.
TEST_F(HoldTest, WhoReleasesItIsSaid) {
  hold(R"({"revision": 1, "by": "jo", "reason": "deploy"})");
  expect_kept_back(a());
  write(kHold, R"({"revision": 1, "by": "jo", "reason": "deploy", "released_by": "al"})");
  cluster_.settle();
  EXPECT_FALSE(cluster_.state().held);
  EXPECT_THAT(a().news, Contains("released by al, it was held on 1.1 by jo: deploy"));
  EXPECT_EQ(a().view->released_by, "al");
  a().offer("later");
  cluster_.settle();
  EXPECT_EQ(committed(), (Identity{Epoch{1}, Revision{5}, committed().digest})) << "nothing is kept back any more";
  cluster_.advance(std::chrono::minutes(2));  // it is looked at again
  a().offer("more");
  cluster_.settle();
  EXPECT_EQ(committed().revision, Revision{6});
  remove(kHold);
  cluster_.settle();
  EXPECT_EQ(a().view->released_by, "al");

  // Another hold, which zkCli deletes: nobody knows who.
  hold("current");
  ASSERT_TRUE(cluster_.state().held);
  EXPECT_EQ(a().view->released_by, "");
  remove(kHold);
  cluster_.settle();
  EXPECT_THAT(a().news, Contains("released, it was held on 1.6 by an operator"));
  EXPECT_EQ(a().view->released_by, "");
}

TEST_F(HoldTest, WhatWasReleasedIsNoHoldForTheNextLeader) {
  hold(R"({"revision": 1, "by": "jo", "released_by": "al"})");
  EXPECT_FALSE(cluster_.state().held);
  EXPECT_EQ(committed(), three());
  cluster_.kill_and_expire(a());
  cluster_.settle();
  ASSERT_TRUE(b().leading());
  EXPECT_FALSE(cluster_.state().held);
  EXPECT_EQ(committed().digest, three().digest);
}

TEST_F(HoldTest, AnotherHoldTakesItsPlace) {
  hold("1");
  write(kHold, "2");
  cluster_.settle();
  EXPECT_EQ(identity_of(held()), two());
  EXPECT_THAT(a().news, Contains("held on 1.2 by an operator; before, it was held on 1.1 by an operator"));
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

}  // namespace
}  // namespace chorale::coordination
