// Who is registered and what they say: how often each agent reads whom, and what comes of what it reads.
#include "coordination/roster.h"

#include <gmock/gmock.h>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kAgents = "/chorale/agents";

AgentDocument stranger(const std::string& id) {
  AgentDocument document;
  document.id = id;
  return document;
}

// a leads, b follows; x is a znode that the test writes.
class RosterTest : public PoolTest {
 protected:
  void put(const AgentDocument& document) {
    const std::string path = kAgents + "/" + document.id;
    if (cluster_.read(path)) {
      write(path, encode(document));
    } else {
      create(path, encode(document));
    }
  }
  void put(const std::string& id, std::optional<Identity> applied) {
    AgentDocument document = stranger(id);
    if (applied) document.applied = AppliedEntry{*applied, "now"};
    put(document);
  }
  static std::optional<Identity> newest_applied_by_others(const TestAgent& agent) { return agent.view->peer_applied; }
};

TEST_F(RosterTest, AgentThatComesOrGoesIsSeenAtOnce) {
  put(stranger("x"));
  EXPECT_THAT(b().view->agents, ElementsAre("a", "b", "x"));
  put(stranger("y"));
  EXPECT_THAT(b().view->agents, ElementsAre("a", "b", "x", "y")) << "the watch is set anew with every list";
  remove(kAgents + "/x");
  EXPECT_THAT(b().view->agents, ElementsAre("a", "b", "y"));
}

TEST_F(RosterTest, ListAndEveryAgentAreReadAgainOnTheSlowTimer) {
  put(stranger("x"));
  for (int pass = 0; pass < 2; ++pass) {
    expect_asked_after<ListChildren>(b(), kAgents, seconds(10));
    EXPECT_EQ(times_asked<ReadNode>(b(), kAgents + "/x"), 1);
    EXPECT_EQ(times_asked<ReadNode>(b(), kAgents + "/a"), 1);
  }
}

TEST_F(RosterTest, WhatALostWatchWouldHaveToldIsSeenOnTheSlowTimer) {
  put("x", identity(1, 1));
  b().deaf = true;
  put("x", identity(1, 2));
  put(stranger("y"));
  cluster_.advance(seconds(10));
  EXPECT_THAT(b().view->agents, ElementsAre("a", "b", "x", "y"));
  EXPECT_EQ(newest_applied_by_others(b()), identity(1, 2));
}

TEST_F(RosterTest, AKnownAgentIsNotReadAgainWhenAnotherComes) {
  put(stranger("x"));
  b().sent.clear();
  put(stranger("y"));
  EXPECT_EQ(times_asked<ListChildren>(b(), kAgents), 1);
  EXPECT_EQ(times_asked<ReadNode>(b(), kAgents + "/y"), 1);
  EXPECT_EQ(times_asked<ReadNode>(b(), kAgents + "/x"), 0);
}

TEST_F(RosterTest, LeaderReadsAChangeAtOnce) {
  put("x", identity(1, 1));
  cluster_.advance(seconds(1));  // a leads again, above that
  for (int revision = 2; revision <= 4; ++revision) {
    a().sent.clear();
    put("x", identity(1, revision));
    EXPECT_EQ(newest_applied_by_others(a()), identity(1, revision));
    EXPECT_EQ(times_asked<ReadNode>(a(), kAgents + "/x"), 1);
  }
}

TEST_F(RosterTest, FollowerReadsEachAgentAtMostOnceASecond) {
  put("x", identity(1, 1));
  put("x", identity(1, 2));
  put("x", identity(1, 3));
  EXPECT_EQ(newest_applied_by_others(b()), identity(1, 1)) << "a new one is read at once";
  expect_asked_after<ReadNode>(b(), kAgents + "/x", seconds(1));
  EXPECT_EQ(newest_applied_by_others(b()), identity(1, 3));
  cluster_.advance(seconds(1));
  put("x", identity(1, 4));
  EXPECT_EQ(newest_applied_by_others(b()), identity(1, 4)) << "the last read is a second ago";
}

TEST_F(RosterTest, LostListIsRepeatedAfterAMoment) {
  b().refuse = refusing<ListChildren>(kAgents, ErrorKind::kConnectionLoss, 1);
  put(stranger("x"));
  EXPECT_THAT(b().view->agents, ElementsAre("a", "b"));
  expect_asked_after<ListChildren>(b(), kAgents, milliseconds(100));
  EXPECT_THAT(b().view->agents, ElementsAre("a", "b", "x"));
}

TEST_F(RosterTest, MissingDirectoryIsListedAgainAfterAMoment) {
  b().refuse = refusing<ListChildren>(kAgents, ErrorKind::kNoNode, 1);
  put(stranger("x"));
  expect_asked_after<ListChildren>(b(), kAgents, milliseconds(100));
}

TEST_F(RosterTest, RefusedListIsRepeatedAfterFiveSeconds) {
  b().refuse = refusing<ListChildren>(kAgents, ErrorKind::kNoAuth, 1);
  put(stranger("x"));
  expect_asked_after<ListChildren>(b(), kAgents, seconds(5));
  EXPECT_THAT(b().view->agents, ElementsAre("a", "b", "x"));
}

TEST_F(RosterTest, LostReadIsRepeatedAfterAMoment) {
  a().refuse = refusing<ReadNode>(kAgents + "/x", ErrorKind::kConnectionLoss, 1);
  put("x", identity(1, 1));
  EXPECT_EQ(newest_applied_by_others(a()), std::nullopt);
  expect_asked_after<ReadNode>(a(), kAgents + "/x", milliseconds(100));
  EXPECT_EQ(newest_applied_by_others(a()), identity(1, 1));
}

TEST_F(RosterTest, AgentThatIsGoneWhenItIsReadIsLeftOutAndTheListReadAgain) {
  a().refuse = refusing<ReadNode>(kAgents + "/x", ErrorKind::kNoNode, 1);
  a().sent.clear();
  put("x", identity(1, 1));
  EXPECT_EQ(times_asked<ListChildren>(a(), kAgents), 2);
  EXPECT_THAT(a().view->agents, ElementsAre("a", "b", "x")) << "it was there after all";
}

TEST_F(RosterTest, UnreadableAgentIsReportedOnceAndWhatItSaidLastHolds) {
  put("x", identity(1, 1));
  cluster_.advance(seconds(1));  // a leads again, above that
  a().notes.clear();
  const auto complaints = [this] {
    return std::count_if(a().notes.begin(), a().notes.end(),
                         [](const std::string& note) { return note.find("agent x cannot be read") == 0; });
  };
  write(kAgents + "/x", "{");
  EXPECT_EQ(newest_applied_by_others(a()), identity(1, 1));
  EXPECT_EQ(complaints(), 1);
  write(kAgents + "/x", "{");
  cluster_.advance(seconds(30));
  EXPECT_EQ(complaints(), 1);
  put("x", identity(1, 2));
  write(kAgents + "/x", "{");
  EXPECT_EQ(complaints(), 2);
}

TEST_F(RosterTest, AgentThatMayNotBeReadBlocksNoTakeover) {
  put(stranger("x"));
  b().refuse = refusing<ReadNode>(kAgents + "/x", ErrorKind::kNoAuth);
  cluster_.kill_and_expire(a());
  ASSERT_TRUE(cluster_.wait([this] { return b().leading(); }, seconds(3)));
  b().offer("one");
  cluster_.advance(seconds(4));
  EXPECT_EQ(b().applied, cluster_.state().committed->identity);
  EXPECT_EQ(std::count_if(b().notes.begin(), b().notes.end(),
                          [](const std::string& note) { return note.starts_with("agent x cannot be read: "); }),
            1);
  b().sent.clear();
  cluster_.advance(seconds(10));
  EXPECT_LE(times_asked<ReadNode>(b(), kAgents + "/x"), 2) << "every five seconds";
  EXPECT_GE(times_asked<ReadNode>(b(), kAgents + "/x"), 1);
}

// It was refused a moment ago, and is asked again in five seconds: a takeover does not wait for that.
TEST_F(RosterTest, TakeoverDoesNotWaitForTheNextReadOfOneThatMayNotBeRead) {
  put(stranger("x"));
  b().refuse = refusing<ReadNode>(kAgents + "/x", ErrorKind::kNoAuth);
  write(kAgents + "/x", "changed");  // b's watch fires: it reads, and is refused
  cluster_.advance(seconds(1));
  cluster_.kill_and_expire(a());
  ASSERT_TRUE(cluster_.wait([this] { return b().leading(); }, milliseconds(500)));
}

TEST_F(RosterTest, NewAgentThatMayNotBeReadCountsAsOneOfTheOldestVersion) {
  b().refuse = refusing<ReadNode>(kAgents + "/x", ErrorKind::kNoAuth);
  cluster_.kill_and_expire(a());
  put(stranger("x"));
  ASSERT_TRUE(cluster_.wait([this] { return b().leading(); }, seconds(3)));
}

TEST_F(RosterTest, NewestAppliedIsThatOfAnyOther) {
  EXPECT_EQ(newest_applied_by_others(b()), std::nullopt);
  put("x", identity(1, 5));
  EXPECT_EQ(newest_applied_by_others(b()), identity(1, 5));
  put("w", identity(1, 3));
  put("y", identity(1, 4));
  EXPECT_EQ(newest_applied_by_others(b()), identity(1, 5));
  put("z", identity(1, 6));
  EXPECT_EQ(newest_applied_by_others(b()), identity(1, 6));
}

TEST_F(RosterTest, OwnAppliedIsNotAnothers) {
  b().step(RevisionApplied{identity(1, 9), "now"});
  cluster_.advance(seconds(2));
  EXPECT_EQ(newest_applied_by_others(b()), std::nullopt);
  EXPECT_EQ(newest_applied_by_others(a()), identity(1, 9));
}

TEST_F(RosterTest, WhatAnAgentSaidEndsWithIt) {
  put("x", identity(1, 5));
  remove(kAgents + "/x");
  EXPECT_EQ(newest_applied_by_others(b()), std::nullopt);
}

TEST_F(RosterTest, WhatAnAgentSaidEndsWithTheReadThatFindsItGone) {
  put("x", identity(1, 5));
  cluster_.advance(seconds(1));  // a leads again, above that
  ASSERT_EQ(newest_applied_by_others(a()), identity(1, 5));
  a().refuse = refusing<ListChildren>(kAgents, ErrorKind::kConnectionLoss, 1);
  remove(kAgents + "/x");
  cluster_.settle();
  EXPECT_EQ(newest_applied_by_others(a()), std::nullopt) << "the list does not say so yet";
}

TEST_F(RosterTest, DamagedNumbersAreNotTheNewest) {
  put("x", identity(1, 5));
  put("y", identity(kHighestEpoch.value + 1, 1));
  put("z", identity(1, kHighestRevision.value + 1));
  EXPECT_EQ(newest_applied_by_others(b()), identity(1, 5));
  put("x", identity(1, kHighestRevision.value));
  cluster_.advance(seconds(1));
  EXPECT_EQ(newest_applied_by_others(b()), identity(1, kHighestRevision.value));
}

TEST_F(RosterTest, ANewSessionKnowsNobodyBeforeItHasListed) {
  put("x", identity(1, 5));
  cluster_.ensemble->expire(b().session());
  cluster_.settle();
  EXPECT_THAT(b().view->agents, IsEmpty());
  EXPECT_EQ(newest_applied_by_others(b()), std::nullopt);
  cluster_.advance(seconds(1));
  EXPECT_THAT(b().view->agents, ElementsAre("a", "b", "x"));
}

TEST_F(RosterTest, ANewSessionDoesNotWaitForAnswersOfTheOldOne) {
  put("x", identity(1, 5));
  b().hold_replies(true);
  put("x", identity(1, 6));  // its read is never answered
  put(stranger("y"));        // nor is the list
  cluster_.ensemble->expire(b().session());
  b().hold_replies(false);
  cluster_.advance(seconds(1));
  EXPECT_THAT(b().view->agents, ElementsAre("a", "b", "x", "y"));
  EXPECT_EQ(newest_applied_by_others(b()), identity(1, 6));
}

TEST_F(RosterTest, ReconnectedAgentReadsEverybodyAgain) {
  put(stranger("x"));
  cluster_.ensemble->disconnect(b().session());
  cluster_.settle();
  b().sent.clear();
  cluster_.ensemble->reconnect(b().session());
  cluster_.settle();
  EXPECT_EQ(times_asked<ListChildren>(b(), kAgents), 1);
  cluster_.advance(seconds(1));
  EXPECT_EQ(times_asked<ReadNode>(b(), kAgents + "/x"), 1);
}

TEST_F(RosterTest, ManyAgentsAreReadSixtyFourAtATime) {
  for (int i = 0; i < 70; ++i) put(stranger("x" + std::to_string(i)));
  cluster_.ensemble->disconnect(b().session());
  cluster_.settle();
  b().sent.clear();
  b().lose_reply = [this](const Operation& operation) {
    const auto* read = std::get_if<ReadNode>(&operation);
    if (read != nullptr && read->path.text().starts_with(kAgents + "/x")) b().hold_replies(true);
    return false;
  };
  const auto reads = [this] {
    return std::count_if(b().sent.begin(), b().sent.end(), [](const Operation& operation) {
      const auto* read = std::get_if<ReadNode>(&operation);
      return read != nullptr && read->watch && read->path.text().starts_with(kAgents + "/");
    });
  };
  cluster_.ensemble->reconnect(b().session());
  cluster_.settle();
  EXPECT_EQ(reads(), 64) << "no answer has come yet";
  b().lose_reply = nullptr;
  b().hold_replies(false);
  cluster_.settle();
  EXPECT_EQ(reads(), 72);
}

}  // namespace
}  // namespace chorale::coordination
