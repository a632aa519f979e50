#include "coordination/history.h"

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

const std::string kHistory = "/chorale/history";

HistoryEntry full_entry() {
  HistoryEntry entry;
  entry.epoch = Epoch{5};
  entry.revision = Revision{42};
  entry.at = "2026-11-22T12:00:00.000Z";
  entry.cause = "status_update_event /web";
  entry.by = "jo";
  entry.changes = {{"/a"}, {"/b", "/c"}, {"/web"}, 1, 2, 1, 3, 4, "/web +1 server"};
  entry.votes = {3, 1, 2, 4};
  entry.render_ms = 5;
  entry.stage_ms = 6;
  entry.commit_ms = 7;
  entry.all_applied_ms = 8;
  return entry;
}

TEST(HistoryDocumentTest, EveryEntryComesBackAsItWas) {
  HistoryEntry bare;
  bare.epoch = Epoch{5};
  const std::vector<HistoryEntry> entries{full_entry(), bare};
  const auto read = decode_history(encode(entries));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, entries);
  const std::vector<HistoryEntry> none;
  EXPECT_EQ(encode(none), "[\n\n]\n");
  EXPECT_THAT(decode_history(encode(none)).value(), IsEmpty());
}

TEST(HistoryDocumentTest, OneLineStandsForOneCommit) {
  EXPECT_EQ(
      encode({full_entry()}),
      "[\n{\"epoch\":5,\"revision\":42,\"at\":\"2026-11-22T12:00:00.000Z\",\"cause\":\"status_update_event /web\","
      "\"by\":\"jo\",\"what\":\"/web +1 server\",\"apps\":{\"added\":[\"/a\"],\"removed\":[\"/b\",\"/c\"],"
      "\"changed\":[\"/web\"],\"counts\":{\"added\":1,\"removed\":2,\"changed\":1}},"
      "\"servers\":{\"added\":3,\"removed\":4},\"votes\":{\"ack\":3,\"nack\":1,\"unable\":2,\"silent\":4},"
      "\"ms\":{\"render\":5,\"stage\":6,\"commit\":7,\"all_applied\":8}}\n]\n");
}

TEST(HistoryDocumentTest, StaysSmallWhateverTheTextsAre) {
  HistoryEntry entry = full_entry();
  const std::string huge(100'000, 'x');
  entry.at = entry.cause = entry.by = entry.changes.what = huge;
  entry.changes.added = std::vector<std::string>(100, huge);
  const std::vector<HistoryEntry> entries(200, entry);
  const std::string text = encode(entries);
  EXPECT_LE(text.size(), kHistoryBytes);
  const auto read = decode_history(text);
  ASSERT_TRUE(read);
  EXPECT_GT(read->size(), 10U);
  EXPECT_THAT(read->front().changes.added, SizeIs(kNamesInHistory));
  EXPECT_EQ(read->front().cause, std::string(197, 'x') + "...");
  EXPECT_THAT(decode_history(encode(std::vector<HistoryEntry>(200, HistoryEntry{}))).value(), SizeIs(50));
}

TEST(HistoryDocumentTest, WhatIsNoHistoryIsMalformed) {
  for (const char* text : {"", "{}", "[{}]", "[1]", R"([{"epoch":1}])", R"([{"epoch":1,"revision":1,"apps":[]}])",
                           R"([{"epoch":1,"revision":1,"apps":{"added":[1]}}])",
                           R"([{"epoch":1,"revision":1,"ms":{"all_applied":"x"}}])"}) {
    EXPECT_FALSE(decode_history(text)) << text;
  }
  EXPECT_TRUE(decode_history(R"([{"epoch":1,"revision":1,"new":{}}])"));
}

class HistoryTest : public PoolTest {
 protected:
  std::vector<HistoryEntry> history() {
    const auto text = cluster_.read(kHistory);
    return text ? decode_history(*text).value_or(std::vector<HistoryEntry>{}) : std::vector<HistoryEntry>{};
  }
  void publish(TestAgent& agent, const std::string& text) {
    agent.offer(text);
    cluster_.advance(seconds(2));
  }
};

TEST_F(HistoryTest, EveryCommitStandsThereNewestFirst) {
  StateOffered offered;
  offered.offer = 7;
  offered.content = described({{"nginx.conf", std::make_shared<const std::string>("conf\n"), {}}});
  offered.cause = "why";
  offered.created_at = "then";
  offered.changes.added = {"/web"};
  offered.changes.servers_added = 3;
  offered.render_ms = 12;
  offered.by = "jo";
  a().step(offered);
  cluster_.advance(seconds(2));
  publish(a(), "two");
  ASSERT_THAT(history(), SizeIs(2));
  EXPECT_EQ(history()[0].cause, "two");
  EXPECT_EQ(history()[0].epoch, Epoch{1});
  EXPECT_EQ(history()[0].revision, Revision{2});
  const HistoryEntry first = history()[1];
  EXPECT_EQ(first.cause, "why");
  EXPECT_EQ(first.at, "then");
  EXPECT_EQ(first.by, "jo");
  EXPECT_EQ(history()[0].by, "");
  EXPECT_EQ(first.changes, offered.changes);
  EXPECT_EQ(first.render_ms, 12);
  EXPECT_EQ(first.votes, (VoteCounts{2, 0, 0, 0}));
  EXPECT_EQ(first.all_applied_ms, 0) << "no time passes in this pool";
}

TEST_F(HistoryTest, SaysHowLongItTookAndWhoWasSilent) {
  b().answer = std::nullopt;
  a().offer("one");
  cluster_.advance(seconds(5));
  ASSERT_THAT(history(), SizeIs(1));
  EXPECT_EQ(history()[0].votes, (VoteCounts{1, 0, 0, 1}));
  EXPECT_EQ(history()[0].stage_ms, 3'000);
  EXPECT_EQ(history()[0].commit_ms, 3'000);
}

TEST_F(HistoryTest, CountsWhoRefusedItAndWhoCouldNotTell) {
  TestAgent& c = cluster_.add("c");
  c.start();
  TestAgent& d = cluster_.add("d");
  d.start();
  cluster_.advance(seconds(1));
  b().answer = VoteResult::kNack;
  c.answer = VoteResult::kUnable;
  publish(a(), "one");
  ASSERT_THAT(history(), SizeIs(1));
  EXPECT_EQ(history()[0].votes, (VoteCounts{2, 1, 1, 0}));
}

TEST_F(HistoryTest, AllAppliedIsSaidOnceEveryAgentHasAppliedIt) {
  b().answer = std::nullopt;  // it never stages, and so never applies
  a().offer("one");
  cluster_.advance(seconds(6));
  ASSERT_THAT(history(), SizeIs(1));
  EXPECT_FALSE(history()[0].all_applied_ms);
  cluster_.kill_and_expire(b());
  cluster_.advance(seconds(3));
  ASSERT_TRUE(history()[0].all_applied_ms);
  EXPECT_GT(*history()[0].all_applied_ms, 2'000);
}

TEST_F(HistoryTest, IsWrittenAtMostOnceASecond) {
  publish(a(), "zero");
  a().sent.clear();
  for (int number = 0; number < 30; ++number) {
    a().offer("n" + std::to_string(number));
    cluster_.advance(milliseconds(100));
  }
  EXPECT_LE(times_asked<WriteNode>(a(), kHistory), 4);
  EXPECT_GE(times_asked<WriteNode>(a(), kHistory), 2);
  EXPECT_EQ(times_asked<ReadNode>(a(), kHistory), 0) << "it knows what it wrote";
  cluster_.advance(seconds(2));
  EXPECT_THAT(history(), SizeIs(31));
  a().sent.clear();
  cluster_.advance(seconds(30));
  EXPECT_EQ(times_asked<WriteNode>(a(), kHistory), 0);
}

TEST_F(HistoryTest, TheNextLeaderGoesOn) {
  publish(a(), "one");
  cluster_.kill_and_expire(a());
  cluster_.advance(seconds(1));
  ASSERT_TRUE(b().leading());
  publish(b(), "two");
  ASSERT_THAT(history(), SizeIs(2));
  EXPECT_EQ(history()[0].epoch, Epoch{2});
  EXPECT_EQ(history()[1].cause, "one");
}

// The last commit of a leader that dies within the second is written by the next one, with what is known of it.
TEST_F(HistoryTest, TheNextLeaderCompletesIt) {
  publish(a(), "one");
  a().offer("two");
  cluster_.settle();
  a().offer("three");
  cluster_.settle();
  ASSERT_EQ(cluster_.state().committed->cause, "three");
  ASSERT_EQ(history()[0].cause, "two") << "at most one a second";
  cluster_.kill_and_expire(a());
  cluster_.advance(seconds(2));
  ASSERT_TRUE(b().leading());
  ASSERT_THAT(history(), SizeIs(3));
  EXPECT_EQ(history()[0].cause, "three");
  EXPECT_EQ(history()[0].epoch, Epoch{1});
  EXPECT_EQ(history()[0].revision, Revision{3});
  EXPECT_EQ(history()[0].by, "");
  EXPECT_EQ(history()[0].at, cluster_.state().committed->created_at);
  EXPECT_THAT(history()[0].changes.what, HasSubstr(" apps, "));
  EXPECT_THAT(history()[0].changes.what, HasSubstr("its leader ended before it wrote what changed"));
  publish(b(), "four");
  ASSERT_THAT(history(), SizeIs(4));
  EXPECT_EQ(history()[0].cause, "four");
  EXPECT_EQ(history()[1].cause, "three");
}

TEST_F(HistoryTest, WhatStandsThereIsNotWrittenAgainByTheNextLeader) {
  publish(a(), "one");
  cluster_.kill_and_expire(a());
  cluster_.advance(seconds(5));
  ASSERT_TRUE(b().leading());
  EXPECT_EQ(times_asked<WriteNode>(b(), kHistory), 0);
  EXPECT_EQ(times_asked<ReadNode>(b(), kHistory), 1);
}

TEST_F(HistoryTest, WhereThereIsNoneTheNextLeaderBeginsIt) {
  publish(a(), "one");
  remove(kHistory);
  cluster_.kill_and_expire(a());
  cluster_.advance(seconds(2));
  ASSERT_THAT(history(), SizeIs(1));
  EXPECT_EQ(history()[0].cause, "one");
}

TEST_F(HistoryTest, CompletedCommitOfAHoldNamesWhoHolds) {
  publish(a(), "one");
  publish(a(), "two");
  create("/chorale/hold", R"({"revision":1,"by":"jo","reason":"deploy"})");
  cluster_.advance(seconds(2));
  ASSERT_EQ(history()[0].by, "jo");
  remove(kHistory);
  cluster_.kill_and_expire(a());
  cluster_.advance(seconds(2));
  ASSERT_THAT(history(), SizeIs(1));
  EXPECT_EQ(history()[0].by, "jo");
}

TEST_F(HistoryTest, KeepsTheLastFifty) {
  for (int number = 0; number < 60; ++number) publish(a(), "n" + std::to_string(number));
  EXPECT_THAT(history(), SizeIs(50));
  EXPECT_EQ(history().front().cause, "n59");
}

TEST_F(HistoryTest, WhatCannotBeReadIsBegunAnew) {
  create(kHistory, "{");
  publish(a(), "one");
  EXPECT_THAT(history(), SizeIs(1));
  EXPECT_THAT(a().notes, Contains(HasSubstr("the history is begun anew: history is not a JSON array")));
}

TEST_F(HistoryTest, WhatAnotherWroteMeanwhileIsKept) {
  publish(a(), "one");
  write(kHistory, encode(std::vector<HistoryEntry>{full_entry()}));
  publish(a(), "two");
  ASSERT_THAT(history(), SizeIs(3));
  EXPECT_EQ(history()[0].cause, "two");
  EXPECT_EQ(history()[1].cause, "one");
  EXPECT_EQ(history()[2], full_entry());
  remove(kHistory);
  publish(a(), "three");
  EXPECT_THAT(history(), SizeIs(3)) << "of its own leadership it knows all";
}

TEST_F(HistoryTest, LostReplyCostsNothing) {
  int lost = 0;
  a().lose_reply = [&lost](const Operation& operation) {
    const bool about = path_of(operation).text() == kHistory;
    return about && ++lost <= 2;
  };
  publish(a(), "one");
  cluster_.advance(seconds(2));
  EXPECT_THAT(history(), SizeIs(1));
  EXPECT_THAT(a().notes, Not(Contains(HasSubstr("history"))));
}

TEST_F(HistoryTest, ThatItCannotBeKeptIsSaidOnceAndHindersNothing) {
  a().refuse = refusing<CreateNode>(kHistory, ErrorKind::kNoAuth);
  publish(a(), "one");
  cluster_.advance(seconds(30));
  publish(a(), "two");
  EXPECT_EQ(cluster_.state().committed->cause, "two");
  EXPECT_EQ(std::count(a().notes.begin(), a().notes.end(), "the history cannot be kept: no auth"), 1);
}

TEST_F(HistoryTest, AHoldSaysWhoseDoingItIs) {
  publish(a(), "one");
  publish(a(), "two");
  create("/chorale/hold", R"({"revision":1,"by":"jo","reason":"deploy"})");
  cluster_.advance(seconds(2));
  ASSERT_THAT(history(), SizeIs(3));
  EXPECT_EQ(history()[0].by, "jo");
  EXPECT_EQ(history()[0].cause, "held on 1.1 by jo: deploy");
  EXPECT_EQ(history()[0].revision, Revision{3});
}

}  // namespace
}  // namespace chorale::coordination
