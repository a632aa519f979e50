// What is deleted, what never is, and when: the passes, the chain, holds, templates, and a leader that is deposed.
#include "coordination/collector.h"

#include <gmock/gmock.h>

#include "coordination/digest.h"
#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string kChunkDirectory = "/chorale/chunks";
const std::string kRevisions = "/chorale/revisions";

bool is_delete_below(const Operation& operation, std::string_view directory) {
  const auto* deletion = std::get_if<DeleteNode>(&operation);
  return deletion != nullptr && deletion->path.text().starts_with(directory);
}

// a leads; three revisions are kept, and a pass is made every minute.
class CollectorTest : public testing::Test {
 protected:
  explicit CollectorTest(int keep = 3) {
    cluster_.defaults.keep_revisions = keep;
    cluster_.defaults.collect_interval = minutes(1);
    for (const char* id : {"a", "b"}) {
      cluster_.add(id).start();
      cluster_.advance(seconds(1));
    }
    a_ = cluster_.agents[0].get();
    b_ = cluster_.agents[1].get();
  }

  void publish(TestAgent& leader, const std::string& text) {
    leader.offer(text);
    cluster_.settle();
    ASSERT_TRUE(cluster_.state().committed);
    ASSERT_EQ(cluster_.state().committed->cause, text);
  }
  void publish(int count) {
    for (int number = 1; number <= count; ++number) publish(*a_, "text " + std::to_string(number));
  }
  // Long enough for two passes, whenever they began.
  void collect() { cluster_.advance(minutes(3)); }
  std::vector<std::string> revisions() { return cluster_.list(kRevisions); }
  std::vector<std::string> chunks() { return cluster_.list(kChunkDirectory); }
  std::string conf_chunk(const std::string& text) { return chunk_name("conf " + text + "\n"); }
  bool has_chunk(const std::string& text) {
    return cluster_.read(kChunkDirectory + "/" + conf_chunk(text)).has_value();
  }
  void create(const std::string& path, std::string data = {}) {
    ASSERT_TRUE(cluster_.operate(CreateNode{Path(path), std::move(data)})) << path;
  }
  std::ptrdiff_t deletions(const TestAgent& agent, std::string_view directory = "/chorale") {
    return std::count_if(agent.sent.begin(), agent.sent.end(),
                         [directory](const Operation& operation) { return is_delete_below(operation, directory); });
  }

  CoordinatorCluster cluster_;
  TestAgent* a_ = nullptr;
  TestAgent* b_ = nullptr;
};

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
  create("/chorale/accept", R"({"accept": "0123456789ab", "by": "jo"})");
  collect();
  EXPECT_THAT(revisions(), ElementsAre("000001.0000000001"));
  EXPECT_THAT(chunks(), SizeIs(3));
  EXPECT_TRUE(cluster_.read(kChunkDirectory + "/somebody's")) << "a name that is none of ours is left alone";
  EXPECT_FALSE(cluster_.read("/chorale/accept")) << "a word that nobody took";
}

TEST_F(CollectorTest, HeldRevisionStays) {
  publish(1);
  create("/chorale/hold", R"({"revision": 1, "by": "jo", "reason": "why not"})");
  publish(*a_, "two");
  publish(5);
  collect();
  EXPECT_THAT(revisions(), SizeIs(4));
  EXPECT_THAT(revisions(), Contains("000001.0000000001"));
  EXPECT_TRUE(has_chunk("text 1"));
}

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

TEST_F(CollectorTest, AtMostFourRequestsAreUnderWay) {
  publish(30);
  a_->sent.clear();
  std::size_t most = 0;
  std::size_t open = 0;
  cluster_.after_each = [&] { most = std::max(most, open); };
  a_->lose_reply = [&](const Operation& operation) {
    if (is_delete_below(operation, "/chorale/") || std::holds_alternative<CheckNode>(operation)) {
      ++open;
      cluster_.post([&open] { --open; });
    }
    return false;
  };
  collect();
  a_->lose_reply = nullptr;
  cluster_.after_each = nullptr;
  EXPECT_THAT(revisions(), SizeIs(3));
  EXPECT_LE(most, 4U + 3U) << "an election's and an acceptance's beside them";
  EXPECT_GE(most, 4U);
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
  publish(30);
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
      state.epoch.value += 1;
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
