// What is deleted and what stays: the chain, what is used again, leftovers, holds, templates.
#include "coordination/collector.h"

#include <gmock/gmock.h>

#include "collector_pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(CollectorTest, KeepsTheLastRevisionsAndWhatTheyConsistOf) {
  publish(10);
  EXPECT_THAT(revisions(), SizeIs(10));
  EXPECT_THAT(chunks(), SizeIs(20));
  collect();
  EXPECT_THAT(revisions(), ElementsAre("000001.0000000008", "000001.0000000009", "000001.0000000010"));
  EXPECT_THAT(chunks(), SizeIs(6));
  for (const char* text : {"text 8", "text 9", "text 10"}) EXPECT_TRUE(has_chunk(text)) << text;
  EXPECT_THAT(a_->notes, Contains(HasSubstr("collected 21 znodes that nothing names")));
  EXPECT_EQ(deletions(*b_), 0) << "the leader alone";
}

TEST_F(CollectorTest, NothingIsDeletedBeforeTheSecondPassAfterTheWholeInterval) {
  publish(10);
  a_->sent.clear();
  cluster_.advance(seconds(87));  // the first pass began 30 s after the leadership, 2 s of which have passed before
  EXPECT_EQ(deletions(*a_), 0);
  EXPECT_THAT(revisions(), SizeIs(10));
  cluster_.advance(seconds(2));
  EXPECT_THAT(revisions(), SizeIs(3));
}

TEST_F(CollectorTest, WhatTheFirstPassDidNotSeeWaitsForTheThird) {
  publish(4);
  cluster_.advance(seconds(35));
  publish(*a_, "text 5");  // now revision 2 is unnamed as well
  cluster_.advance(minutes(1));
  EXPECT_THAT(revisions(),
              ElementsAre("000001.0000000002", "000001.0000000003", "000001.0000000004", "000001.0000000005"));
  cluster_.advance(minutes(1));
  EXPECT_THAT(revisions(), SizeIs(3));
}

TEST_F(CollectorTest, ChunksThatALaterRevisionSharesStay) {
  publish(*a_, "first");
  for (int number = 1; number <= 5; ++number) {
    publish(*a_, "text " + std::to_string(number));
  }
  publish(*a_, "first");
  collect();
  EXPECT_TRUE(has_chunk("first"));
  EXPECT_FALSE(has_chunk("text 1"));
  EXPECT_THAT(chunks(), SizeIs(6));
}

TEST_F(CollectorTest, ChunkIsStoredAgainByARevisionThatUsesItAfterItWasCollected) {
  publish(*a_, "first");
  publish(5);
  collect();
  ASSERT_FALSE(has_chunk("first"));
  publish(*a_, "first");
  EXPECT_TRUE(has_chunk("first"));
  EXPECT_EQ(b_->applied, cluster_.state().committed->identity);
}

// Between the pass that finds it unnamed and its deletion a proposal uses it again.
TEST_F(CollectorTest, ChunkThatAProposalUsesAgainDuringThePassIsSpared) {
  publish(*a_, "first");
  publish(5);
  cluster_.advance(seconds(80));
  bool offered = false;
  a_->lose_reply = [&](const Operation& operation) {
    // The survey of the second pass is complete, its last question on the way.
    if (!offered && asks<ReadNode>(operation, "/chorale/hold")) {
      offered = true;
      cluster_.post([this] { a_->offer("first"); });
    }
    return false;
  };
  cluster_.advance(seconds(30));
  ASSERT_TRUE(offered);
  EXPECT_EQ(cluster_.state().committed->cause, "first");
  EXPECT_TRUE(has_chunk("first"));
  EXPECT_FALSE(has_chunk("text 1")) << "the others went";
  EXPECT_THAT(b_->view->missing, IsEmpty());
}

TEST_F(CollectorTest, ChunkThatAProposalUsesAgainWhileOthersAreDeletedIsSpared) {
  publish(*a_, "first");
  publish(5);
  cluster_.advance(seconds(80));
  a_->sent.clear();
  bool offered = false;
  a_->lose_reply = [&](const Operation& operation) {
    if (is_delete_below(operation, kRevisions) && !std::exchange(offered, true)) {
      cluster_.post([this] { a_->offer("first"); });
    }
    return false;
  };
  cluster_.advance(seconds(15));
  ASSERT_TRUE(offered);
  EXPECT_EQ(times_asked<DeleteNode>(*a_, kChunkDirectory + "/" + conf_chunk("first")), 0);
  EXPECT_FALSE(has_chunk("text 1"));
  EXPECT_EQ(b_->applied, cluster_.state().committed->identity);
}

TEST_F(CollectorTest, ChunkOfAProposalThatWaitsIsSpared) {
  publish(*a_, "first");
  publish(5);
  a_->answer = std::nullopt;
  b_->answer = std::nullopt;
  a_->offer("first");
  cluster_.advance(minutes(5));
  ASSERT_TRUE(cluster_.state().proposed);
  EXPECT_TRUE(has_chunk("first"));
  EXPECT_FALSE(has_chunk("text 1"));
  EXPECT_THAT(revisions(), Contains("000001.0000000007"));
}

TEST_F(CollectorTest, AgentThatWasAwayForADayCatchesUp) {
  publish(5);
  cluster_.kill_and_expire(*b_);
  for (int hour = 0; hour < 24; ++hour) {
    publish(*a_, "hour " + std::to_string(hour));
    cluster_.advance(minutes(5));
  }
  EXPECT_THAT(revisions(), SizeIs(testing::Le(4)));
  TestAgent& back = cluster_.add("b");
  back.start(Identity{Epoch{1}, Revision{5}, std::string(64, '5')});
  cluster_.advance(seconds(2));
  EXPECT_EQ(back.applied, cluster_.state().committed->identity);
}

TEST_F(CollectorTest, LeftoversOfAnotherLineageGo) {
  publish(1);
  create(kRevisions + "/000009.0000000099", "{}");
  create(kChunkDirectory + "/" + std::string(32, 'a'), "old");
  create(kChunkDirectory + "/somebody's", "not ours");
  collect();
  EXPECT_THAT(revisions(), ElementsAre("000001.0000000001"));
  EXPECT_THAT(chunks(), SizeIs(3));
  EXPECT_TRUE(cluster_.read(kChunkDirectory + "/somebody's")) << "a name that is none of ours is left alone";
}

// Its header is right, and what it consists of is not: by it, nothing is known to be unnamed.
TEST_F(CollectorTest, ForgedManifestOfTheCommittedRevisionCollectsNothing) {
  publish(10);
  const std::string path = "/chorale/revisions/000001.0000000010";
  auto manifest = decode_manifest(*cluster_.read(path)).value();
  manifest.files.clear();
  ASSERT_TRUE(cluster_.operate(WriteNode{Path(path), encode(manifest), kAnyVersion}));
  collect();
  EXPECT_TRUE(has_chunk("text 10"));
  EXPECT_THAT(revisions(), SizeIs(10));
  EXPECT_THAT(a_->notes, Contains(HasSubstr("it is not what its name says")));
}

TEST_F(CollectorTest, HeldRevisionStays) {
  publish(6);
  create("/chorale/hold", R"({"revision": 1, "by": "jo", "reason": "why not"})");
  collect();
  EXPECT_THAT(revisions(),
              ElementsAre("000001.0000000001", "000001.0000000005", "000001.0000000006", "000001.0000000007"));
  EXPECT_TRUE(has_chunk("text 1"));
}

class CollectorKeepsOneTest : public CollectorTest {
 protected:
  CollectorKeepsOneTest() : CollectorTest(1) {}
};

TEST_F(CollectorKeepsOneTest, OnlyWhatIsCommittedIsLeft) {
  publish(10);
  collect();
  EXPECT_THAT(revisions(), ElementsAre("000001.0000000010"));
  EXPECT_THAT(chunks(), SizeIs(2));
}

}  // namespace
}  // namespace chorale::coordination
