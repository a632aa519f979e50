// When nothing is deleted: what cannot be read, what breaks off, and a leader that is deposed.
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
using testing::Not;
using testing::SizeIs;

TEST_F(CollectorTest, NothingIsCollectedWhileTheHoldCannotBeRead) {
  publish(6);
  create("/chorale/hold", "{");
  collect();
  EXPECT_THAT(revisions(), SizeIs(6));
  EXPECT_EQ(std::count_if(a_->notes.begin(), a_->notes.end(),
                          [](const std::string& note) { return note.starts_with("nothing is collected: the hold"); }),
            1)
      << "said once";
  ASSERT_TRUE(cluster_.operate(DeleteNode{Path("/chorale/hold"), kAnyVersion}));
  collect();
  EXPECT_THAT(revisions(), SizeIs(3));
}

TEST_F(CollectorTest, ChunksOfAPushedTemplateStay) {
  publish(*a_, "first");
  create("/chorale/template", R"({"digest": "x", "chunks": [["/chorale/chunks/)" + conf_chunk("first") + R"(", 7]]})");
  publish(5);
  collect();
  EXPECT_TRUE(has_chunk("first"));
  EXPECT_THAT(chunks(), SizeIs(7));
}

TEST_F(CollectorTest, NothingIsCollectedWhileTheCommittedManifestCannotBeRead) {
  publish(6);
  a_->refuse = refusing<ReadNode>(kRevisions + "/000001.0000000006", ErrorKind::kNoNode);
  collect();
  EXPECT_THAT(chunks(), SizeIs(12));
  EXPECT_THAT(a_->notes, Contains(HasSubstr("nothing is collected: revision 1.6 cannot be read")));
  a_->refuse = nullptr;
  collect();
  EXPECT_THAT(chunks(), SizeIs(6));
}

TEST_F(CollectorTest, ChainThatIsBrokenEndsThere) {
  publish(6);
  ASSERT_TRUE(cluster_.operate(DeleteNode{Path(kRevisions + "/000001.0000000005"), kAnyVersion}));
  collect();
  EXPECT_THAT(revisions(), ElementsAre("000001.0000000006"));
}

TEST_F(CollectorTest, ManifestOfANewerFormatIsNotDeletedNorAreChunks) {
  publish(6);
  create(kRevisions + "/000002.0000000099", R"({"format": 99})");
  collect();
  EXPECT_THAT(revisions(), SizeIs(4));
  EXPECT_THAT(revisions(), Contains("000002.0000000099"));
  EXPECT_THAT(chunks(), SizeIs(12)) << "what it names is not known";
  EXPECT_THAT(a_->notes, Contains(HasSubstr("no chunk is collected")));
}

TEST_F(CollectorTest, AtMostFourDeletionsAreUnderWay) {
  publish(30);
  cluster_.advance(seconds(80));
  a_->sent.clear();
  a_->lose_reply = [this](const Operation& operation) {
    if (is_delete_below(operation, kChunkDirectory)) a_->hold_replies(true);
    return false;
  };
  cluster_.advance(seconds(15));
  EXPECT_EQ(deletions(*a_, kChunkDirectory), 4);
  a_->lose_reply = nullptr;
  a_->hold_replies(false);
  cluster_.advance(seconds(1));
  EXPECT_THAT(chunks(), SizeIs(6));
}

TEST_F(CollectorTest, WhatWasWrittenBetweenThePassesWaitsForTheThird) {
  publish(*a_, "first");
  publish(5);
  cluster_.advance(seconds(35));
  const std::string text = cluster_.read(kChunkDirectory + "/" + conf_chunk("first")).value();
  ASSERT_TRUE(cluster_.operate(WriteNode{Path(kChunkDirectory + "/" + conf_chunk("first")), text, kAnyVersion}));
  cluster_.advance(minutes(1));
  EXPECT_TRUE(has_chunk("first"));
  EXPECT_FALSE(has_chunk("text 1"));
  cluster_.advance(minutes(1));
  EXPECT_FALSE(has_chunk("first"));
}

TEST_F(CollectorTest, WhatWasInUseInOnePassIsNotDeletedByTheNext) {
  publish(5);
  a_->answer = std::nullopt;
  b_->answer = std::nullopt;
  a_->offer("lonely");
  cluster_.advance(seconds(35));  // the first pass
  ASSERT_TRUE(cluster_.state().proposed);
  a_->step(StageFinished{cluster_.state().proposed->identity, VoteResult::kNack, "no"});
  cluster_.settle();
  ASSERT_FALSE(cluster_.state().proposed);
  a_->answer = VoteResult::kAck;
  b_->answer = VoteResult::kAck;
  publish(*a_, "text 6");  // now it is no more what was stored last
  cluster_.advance(minutes(1));
  EXPECT_FALSE(has_chunk("text 1"));
  EXPECT_TRUE(has_chunk("lonely"));
  cluster_.advance(minutes(1));
  EXPECT_FALSE(has_chunk("lonely"));
}

TEST_F(CollectorTest, NothingIsCollectedWhereTheChainLeadsToANewerFormat) {
  publish(6);
  ASSERT_TRUE(cluster_.operate(WriteNode{Path(kRevisions + "/000001.0000000005"), R"({"format": 99})", kAnyVersion}));
  collect();
  EXPECT_THAT(revisions(), SizeIs(6));
  EXPECT_THAT(a_->notes, Contains(HasSubstr("nothing is collected: revision 1.5 cannot be read")));
}

TEST_F(CollectorTest, NothingIsCollectedWhileTheHeldRevisionCannotBeRead) {
  publish(6);
  ASSERT_TRUE(cluster_.operate(WriteNode{Path(kRevisions + "/000001.0000000001"), "{", kAnyVersion}));
  create("/chorale/hold", R"({"revision": 1, "by": "jo", "reason": "why not"})");
  collect();
  EXPECT_THAT(revisions(), SizeIs(6));
  EXPECT_THAT(a_->notes, Contains(HasSubstr("000001.0000000001, which is held, cannot be read")));
}

TEST_F(CollectorTest, SizeIsShownByTheLeaderAndIsWhatAnOperatorCounts) {
  publish(10);
  collect();
  std::int64_t znodes = 0;
  std::int64_t bytes = 0;
  std::vector<Path> below{Path("/chorale")};
  while (!below.empty()) {
    const Path path = below.back();
    below.pop_back();
    const MemoryNode* node = cluster_.ensemble->nodes().find(path);
    ++znodes;
    bytes += node->stat.data_length;
    for (const std::string& name : node->children) below.push_back(path.child(name));
  }
  const auto document = decode_agent(cluster_.read("/chorale/agents/a").value());
  ASSERT_TRUE(document && document->tree);
  EXPECT_EQ(document->tree->znodes, znodes);
  EXPECT_NEAR(static_cast<double>(document->tree->bytes), static_cast<double>(bytes), 200)
      << "its own znode grew by this";
  EXPECT_EQ(a_->view->tree, document->tree);
  EXPECT_FALSE(b_->view->tree);
  EXPECT_FALSE(decode_agent(cluster_.read("/chorale/agents/b").value())->tree);
}

TEST_F(CollectorTest, LostRepliesSpoilThePassAndTheNextOneComesSoon) {
  publish(10);
  cluster_.advance(seconds(80));
  int lost = 0;
  a_->lose_reply = [&lost](const Operation& operation) {
    return asks<ReadNode>(operation, "/chorale/hold") && ++lost == 1;
  };
  cluster_.advance(seconds(11));
  EXPECT_EQ(lost, 1);
  EXPECT_THAT(revisions(), SizeIs(10));
  cluster_.advance(seconds(31));
  EXPECT_THAT(revisions(), SizeIs(3));
  EXPECT_THAT(a_->notes, Not(Contains(HasSubstr("nothing is collected"))));
}

TEST_F(CollectorTest, ConnectionThatBreaksWhileItDeletesEndsThePass) {
  publish(60);  // more than fit into the rounds of one step
  cluster_.advance(seconds(80));
  int asked = 0;
  a_->lose_reply = [&](const Operation& operation) {
    if (is_delete_below(operation, kRevisions) && ++asked == 6) {
      cluster_.post([this] { cluster_.ensemble->disconnect(a_->session()); });
    }
    return false;
  };
  cluster_.advance(seconds(15));
  EXPECT_GE(asked, 6);
  EXPECT_LT(asked, 15);
  EXPECT_THAT(a_->notes, Not(Contains(HasSubstr("does not come to rest"))));
  a_->lose_reply = nullptr;
  cluster_.ensemble->reconnect(a_->session());
  cluster_.advance(minutes(4));
  EXPECT_THAT(revisions(), SizeIs(3));
  EXPECT_THAT(chunks(), SizeIs(6));
}

TEST_F(CollectorTest, OwnZnodeIsWrittenOnceInAPass) {
  publish(30);
  cluster_.advance(seconds(80));
  a_->sent.clear();
  cluster_.advance(seconds(15));
  EXPECT_THAT(revisions(), SizeIs(3));
  EXPECT_EQ(times_asked<WriteNode>(*a_, "/chorale/agents/a"), 1);
}

TEST_F(CollectorTest, TheNextLeaderBeginsWithItsOwnFirstPass) {
  publish(10);
  cluster_.advance(seconds(80));
  cluster_.kill_and_expire(*a_);
  cluster_.settle();
  ASSERT_TRUE(b_->leading());
  cluster_.advance(seconds(35));
  EXPECT_EQ(deletions(*b_, kRevisions), 0);
  cluster_.advance(seconds(60));
  EXPECT_THAT(revisions(), SizeIs(3));
}

// Its term is over and it does not know: its answers are late, its requests are not.
TEST_F(CollectorTest, DeposedLeaderDeletesNothingAfterAnotherTermStandsInTheState) {
  publish(*a_, "first");
  publish(5);
  cluster_.advance(seconds(80));
  a_->lose_reply = [this](const Operation& operation) {
    if (asks<ReadNode>(operation, "/chorale/hold")) {  // the survey is complete
      StateDocument state = decode_state(cluster_.ensemble->nodes().find(Path(kState))->data).value();
      state.term = "another";
      cluster_.post([this, state] {
        std::ignore = cluster_.operate(WriteNode{Path(kState), encode(state), kAnyVersion});
      });
      a_->deaf = true;
    }
    return false;
  };
  a_->sent.clear();
  cluster_.advance(seconds(15));
  EXPECT_EQ(deletions(*a_, kRevisions) + deletions(*a_, kChunkDirectory), 0);
}

// Decided while it led, under way when it was deposed: what the next leader uses again has another version by then.
TEST_F(CollectorTest, DeletionThatIsUnderWayWhenItsLeaderIsDeposedSparesWhatTheNextOneUses) {
  publish(*a_, "first");
  publish(5);
  cluster_.advance(seconds(80));
  std::vector<DeleteNode> under_way;
  a_->refuse = [&under_way](const Operation& operation) -> std::optional<ErrorKind> {
    if (!is_delete_below(operation, kChunkDirectory)) return std::nullopt;
    under_way.push_back(std::get<DeleteNode>(operation));
    return ErrorKind::kNoAuth;  // so that all are asked for; they arrive later
  };
  cluster_.advance(seconds(15));
  ASSERT_THAT(under_way, SizeIs(6));
  cluster_.kill_and_expire(*a_);
  cluster_.settle();
  ASSERT_TRUE(b_->leading());
  publish(*b_, "first");
  for (const DeleteNode& deletion : under_way) std::ignore = cluster_.operate(deletion);
  EXPECT_TRUE(has_chunk("first"));
  EXPECT_FALSE(has_chunk("text 1")) << "nobody uses it";
  TestAgent& fresh = cluster_.add("c");
  fresh.start();
  cluster_.settle();
  EXPECT_EQ(fresh.applied, cluster_.state().committed->identity);
}

}  // namespace
}  // namespace chorale::coordination
