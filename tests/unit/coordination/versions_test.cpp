// Agents of two versions in one pool: what an older one says counts, and what a newer one wrote is left alone.
#include <gmock/gmock.h>

#include <stdexcept>
#include <utility>

#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// An agent of 0.1 as its znode reads: without any key that came later.
std::string znode_of_01(const std::string& vote, const std::string& applied) {
  return R"({
  "id": "old",
  "instance": "i-old",
  "host": "host-old",
  "version": "0.1.0",
  "started_at": "2026-11-22T12:00:00.000Z",
  "admin": "10.0.0.9:8000",
  "role": "follower",
  "status": "ok",
  "message": "OK",
  "vote": )" +
         vote + R"(,
  "applied": )" +
         applied + R"(,
  "template_digest": "t-1",
  "marathon_reachable": true,
  "sync_requests": 0,
  "missing": []
})";
}

std::string vote_of_01(const Identity& on, const std::string& result) {
  return R"({
    "epoch": )" +
         std::to_string(on.epoch.value) + R"(,
    "revision": )" +
         std::to_string(on.revision.value) + R"(,
    "digest": ")" +
         on.digest + R"(",
    "result": ")" +
         result + R"(",
    "error": "[emerg] no"
  })";
}

const std::string kOld = "/chorale/agents/old";

// a leads, b follows, and an agent of 0.1 is registered.
class OlderAgentTest : public PoolTest {
 protected:
  OlderAgentTest() { create(kOld, znode_of_01("null", "null")); }

  void vote(const std::string& result) {
    const auto state = cluster_.state();
    ASSERT_TRUE(state.proposed);
    write(kOld, znode_of_01(vote_of_01(state.proposed->identity, result), "null"));
  }
};

TEST_F(OlderAgentTest, ItsAckIsWaitedForAndCounted) {
  a().offer("one");
  cluster_.settle();
  EXPECT_FALSE(cluster_.state().committed);
  vote("ack");
  EXPECT_TRUE(cluster_.state().committed);
}

TEST_F(OlderAgentTest, ItsNackIsCounted) {
  a().offer("one");
  cluster_.settle();
  vote("nack");
  ASSERT_THAT(a().closed, SizeIs(1));
  EXPECT_EQ(a().closed[0].fate, Fate::kCommitted) << "one of three refuses it";
  EXPECT_THAT(a().closed[0].nacked, ElementsAre("old"));
}

TEST_F(OlderAgentTest, WhatItAppliedIsNumberedOver) {
  write(kOld, znode_of_01("null", R"({"epoch": 8, "revision": 70, "digest": "ab", "at": ""})"));
  cluster_.advance(seconds(1));
  EXPECT_EQ(cluster_.state().epoch, Epoch{9});
  EXPECT_EQ(cluster_.state().last_revision, Revision{70});
}

// a leads and b follows, both of a version that reads format 2; c reads format 1 alone.
class TwoFormatsTest : public testing::Test {
 protected:
  TwoFormatsTest() {
    cluster_.defaults.newest_format = 2;
    for (const char* id : {"a", "b"}) start(id);
    cluster_.defaults.newest_format = 1;
    start("c");
  }
  TestAgent& start(const std::string& id) {
    TestAgent& agent = cluster_.add(id);
    agent.start();
    cluster_.advance(seconds(1));
    return agent;
  }
  TestAgent& agent(const std::string& id) {
    for (const auto& each : cluster_.agents) {
      if (each->options().id == id) return *each;
    }
    throw std::out_of_range(id);
  }
  void offer(const std::string& text) {
    ASSERT_TRUE(cluster_.wait([this] { return cluster_.leader() != nullptr; }));
    cluster_.leader()->offer(text);
    cluster_.advance(seconds(1));
  }
  StateDocument state() { return decode_state(cluster_.read(kState).value_or(""), 2).value_or(StateDocument{}); }
  std::int64_t committed_format() {
    const Identity committed = state().committed.value().identity;
    const auto text = cluster_.read("/chorale/revisions/" + manifest_name(committed.epoch, committed.revision));
    return decode_manifest(text.value_or(""), 2).value_or(Manifest{}).format;
  }
  std::vector<std::string> candidates() {
    std::vector<std::string> ids;
    for (const std::string& name : cluster_.list("/chorale/election")) ids.push_back(name.substr(0, name.find('.')));
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  // c is away while a and b step up to format 2.
  void step_up() {
    offer("one");
    cluster_.kill_and_expire(agent("c"));
    cluster_.advance(seconds(1));
    offer("one");
    ASSERT_EQ(state().format, 2);
  }

  CoordinatorCluster cluster_;
};

TEST_F(TwoFormatsTest, EachAgentSaysWhatItReads) {
  EXPECT_THAT(decode_agent(cluster_.read("/chorale/agents/a").value_or(""))->formats, ElementsAre(1, 2));
  EXPECT_THAT(decode_agent(cluster_.read("/chorale/agents/c").value_or(""))->formats, ElementsAre(1));
}

TEST_F(TwoFormatsTest, HighestThatAllReadIsWritten) {
  const auto terms = agent("a").lost.size();
  offer("one");
  ASSERT_TRUE(state().committed);
  EXPECT_EQ(state().format, 1);
  EXPECT_EQ(committed_format(), 1);
  EXPECT_EQ(agent("c").applied, state().committed->identity);
  EXPECT_EQ(agent("a").lost.size(), terms);
}

TEST_F(TwoFormatsTest, StepUpIsARevisionOfItsOwn) {
  offer("one");
  const Identity before = state().committed->identity;
  cluster_.kill_and_expire(agent("c"));
  cluster_.advance(seconds(1));
  EXPECT_EQ(state().format, 1) << "not before something is published";
  EXPECT_EQ(state().committed->identity, before);
  offer("one");
  EXPECT_EQ(state().format, 2);
  EXPECT_EQ(committed_format(), 2);
  EXPECT_EQ(state().committed->identity.digest, before.digest);
  EXPECT_TRUE(before.older_than(state().committed->identity));
  EXPECT_EQ(agent("b").applied, state().committed->identity);
  const auto terms = agent("a").lost.size();
  cluster_.advance(seconds(60));
  EXPECT_EQ(agent("a").lost.size(), terms) << "once is enough";
}

TEST_F(TwoFormatsTest, OlderAgentThatComesBackIsWrittenFor) {
  step_up();
  start("c");
  EXPECT_THAT(candidates(), ElementsAre("a", "b")) << "it cannot read what it would lead";
  EXPECT_THAT(agent("c").view->zookeeper_message, HasSubstr("state.format is 2"));
  offer("one");
  cluster_.advance(seconds(3));  // it cannot vote on a state that it cannot read
  EXPECT_EQ(state().format, 1);
  EXPECT_EQ(committed_format(), 1);
  EXPECT_EQ(agent("c").applied, state().committed->identity);
  EXPECT_THAT(candidates(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(agent("c").view->zookeeper_message, "OK");
}

TEST_F(TwoFormatsTest, OlderAgentAloneLeavesTheNewerStateAlone) {
  step_up();
  TestAgent& c = start("c");
  cluster_.kill_and_expire(agent("a"));
  cluster_.kill_and_expire(agent("b"));
  const auto before = cluster_.read(kState);
  cluster_.advance(seconds(120));
  EXPECT_FALSE(c.leading());
  EXPECT_THAT(candidates(), IsEmpty());
  EXPECT_EQ(cluster_.read(kState), before);
  EXPECT_THAT(c.gained, IsEmpty());
  EXPECT_FALSE(c.applied);
  cluster_.defaults.newest_format = 2;
  start("a");
  ASSERT_TRUE(cluster_.wait([this] { return cluster_.leader() != nullptr; })) << "its place blocks nobody";
  EXPECT_EQ(cluster_.leader(), &agent("a"));
}

TEST_F(TwoFormatsTest, OlderAgentLeadsOnceTheNewerStateIsGone) {
  step_up();
  TestAgent& c = start("c");
  for (const char* id : {"a", "b"}) cluster_.kill_and_expire(agent(id));
  cluster_.advance(seconds(5));
  ASSERT_THAT(candidates(), IsEmpty());
  ASSERT_TRUE(cluster_.operate(DeleteNode{Path(kState), kAnyVersion}));
  EXPECT_TRUE(cluster_.wait([&c] { return c.leading(); }));
}

TEST_F(TwoFormatsTest, TakeoverThatIsTheFirstToReadANewerStateFails) {
  step_up();
  for (const char* id : {"a", "b"}) cluster_.kill_and_expire(agent(id));
  const auto before = cluster_.read(kState);
  TestAgent& c = cluster_.add("c");
  c.refuse = [](const Operation& operation) -> std::optional<ErrorKind> {
    const auto* read = std::get_if<ReadNode>(&operation);
    const bool by_pointer = read != nullptr && read->path.text() == kState && read->watch;
    return by_pointer ? std::optional(ErrorKind::kConnectionLoss) : std::nullopt;
  };
  c.start();
  cluster_.advance(seconds(5));
  EXPECT_THAT(c.gained, IsEmpty());
  EXPECT_EQ(cluster_.read(kState), before);
  EXPECT_THAT(c.notes, Contains(HasSubstr("takeover failed: state.format is 2")));
}

TEST_F(TwoFormatsTest, OlderLeaderGivesItsPlaceUpWhenTheStateBecomesNewer) {
  for (const char* id : {"a", "b"}) cluster_.kill_and_expire(agent(id));
  offer("one");
  ASSERT_TRUE(agent("c").leading());
  StateDocument newer = state();
  newer.format = 2;
  newer.term = "another";
  const std::string text = encode(newer);
  ASSERT_TRUE(cluster_.operate(WriteNode{Path(kState), text, kAnyVersion}));
  cluster_.advance(seconds(60));
  EXPECT_FALSE(agent("c").leading());
  EXPECT_THAT(candidates(), IsEmpty());
  EXPECT_EQ(cluster_.read(kState), text);
}

TEST_F(TwoFormatsTest, OlderLeaderGivesItsPlaceUpWhenTheRootBecomesNewer) {
  for (const char* id : {"a", "b"}) cluster_.kill_and_expire(agent(id));
  offer("one");
  const std::string root = encode(RootDocument{"c-2", 2});
  ASSERT_TRUE(cluster_.operate(WriteNode{Path("/chorale"), root, kAnyVersion}));
  cluster_.advance(seconds(1));
  EXPECT_FALSE(agent("c").leading());
  EXPECT_THAT(candidates(), IsEmpty());
  agent("c").sent.clear();
  agent("c").offer("two");
  cluster_.advance(seconds(60));
  EXPECT_TRUE(std::none_of(agent("c").sent.begin(), agent("c").sent.end(), is_state_write));
  EXPECT_EQ(cluster_.read("/chorale"), root);
}

TEST_F(TwoFormatsTest, PlaceThatWasBeingTakenIsGivenUpToo) {
  offer("one");
  TestAgent& d = cluster_.add("d");
  bool lost = false;
  d.lose_reply = [&lost](const Operation& operation) {
    const auto* create = std::get_if<CreateNode>(&operation);
    return create != nullptr && create->path.text().starts_with("/chorale/election/") && !std::exchange(lost, true);
  };
  d.start();
  cluster_.settle();
  ASSERT_TRUE(lost);
  StateDocument newer = state();
  newer.format = 2;
  ASSERT_TRUE(cluster_.operate(WriteNode{Path(kState), encode(newer), kAnyVersion}));
  cluster_.advance(seconds(5));
  EXPECT_THAT(candidates(), ElementsAre("a", "b"));
}

TEST_F(TwoFormatsTest, AgentThatCannotBeReadCountsAsOneOfTheOldestVersion) {
  step_up();
  ASSERT_TRUE(cluster_.operate(CreateNode{Path("/chorale/agents/x"), "{"}));
  cluster_.advance(seconds(1));
  offer("one");
  cluster_.advance(seconds(3));
  EXPECT_EQ(state().format, 1);
}

TEST_F(TwoFormatsTest, CommittedManifestOfANewerFormatIsNotReplaced) {
  for (const char* id : {"a", "b"}) cluster_.kill_and_expire(agent(id));
  offer("one");
  const Identity committed = state().committed->identity;
  const std::string path = "/chorale/revisions/" + manifest_name(committed.epoch, committed.revision);
  Manifest newer = *decode_manifest(cluster_.read(path).value_or(""));
  newer.format = 2;
  ASSERT_TRUE(cluster_.operate(WriteNode{Path(path), encode(newer), kAnyVersion}));
  cluster_.kill_and_expire(agent("c"));
  TestAgent& c = start("c");
  cluster_.advance(seconds(60));
  EXPECT_THAT(c.gained, IsEmpty());
  EXPECT_EQ(state().committed->identity, committed);
}

}  // namespace
}  // namespace chorale::coordination
