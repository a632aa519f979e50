// A change that cannot be committed, a pool without a leader, a place in the election that leads to nothing: seen.
#include <gmock/gmock.h>

#include "coordination/blockage.h"
#include "pool.h"

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kOfferedAt = "2026-11-22T12:00:00.000Z";  // by TestAgent

std::optional<Blocked> blocked(CoordinatorCluster& cluster, const std::string& id) {
  const auto document = decode_agent(cluster.read("/chorale/agents/" + id).value_or(""));
  return document ? document->blocked : std::nullopt;
}

class BlockedTest : public PoolTest {
 protected:
  static std::ptrdiff_t notes(const TestAgent& agent, const std::string& begin) {
    return std::count_if(agent.news.begin(), agent.news.end(),
                         [&begin](const std::string& note) { return note.starts_with(begin); });
  }
};

TEST_F(BlockedTest, ChangeThatNobodyAnswersIsShownAfterFiveSecondsAndUntilItIsCommitted) {
  a().answer = std::nullopt;
  b().answer = std::nullopt;
  a().offer("one");
  cluster_.advance(milliseconds(4'900));
  EXPECT_FALSE(a().view->blocked);
  const TimePoint wanted_at = cluster_.now() - milliseconds(4'900);
  cluster_.advance(milliseconds(100));
  const Blocked expected{kOfferedAt, "it waits for the answer of a, b"};
  EXPECT_EQ(a().view->blocked, expected);
  EXPECT_EQ(a().view->blocked_at, wanted_at);
  EXPECT_EQ(blocked(cluster_, "a"), expected);
  EXPECT_FALSE(b().view->blocked) << "the leader knows";
  EXPECT_FALSE(a().view->blocked_there);
  cluster_.advance(seconds(2));
  EXPECT_EQ(b().view->blocked_there, expected) << "by the leader's znode";
  EXPECT_FALSE(blocked(cluster_, "b"));
  cluster_.advance(seconds(20));
  EXPECT_EQ(notes(a(), "blocked: a change waits to be committed since " + kOfferedAt), 1);
  for (TestAgent* agent : {&a(), &b()}) {
    agent->step(StageFinished{agent->staged.back().identity, VoteResult::kAck, {}});
  }
  cluster_.settle();
  ASSERT_TRUE(cluster_.state().committed);
  EXPECT_FALSE(a().view->blocked);
  EXPECT_FALSE(a().view->blocked_at);
  EXPECT_FALSE(blocked(cluster_, "a"));
  EXPECT_EQ(notes(a(), "no longer blocked"), 1);
  cluster_.advance(seconds(20));
  EXPECT_FALSE(b().view->blocked_there);
  EXPECT_FALSE(blocked(cluster_, "a"));
}

TEST_F(BlockedTest, RefusalIsTheReasonUntilWhatIsWantedIsWhatIsCommitted) {
  a().offer("good");
  cluster_.settle();
  a().answer = VoteResult::kNack;
  a().offer("bad");
  cluster_.advance(seconds(6));
  ASSERT_TRUE(blocked(cluster_, "a"));
  EXPECT_EQ(blocked(cluster_, "a")->reason, "a: nginx: [emerg] no");
  a().offer("bad");
  cluster_.advance(seconds(6));
  EXPECT_EQ(blocked(cluster_, "a")->reason, "a: nginx: [emerg] no") << "the refusal itself, not that of a second try";
  EXPECT_EQ(notes(a(), "blocked: "), 1);
  a().offer("good");
  cluster_.settle();
  EXPECT_FALSE(blocked(cluster_, "a"));
  EXPECT_EQ(notes(a(), "no longer blocked"), 1);
}

class RefusedByManyTest : public PoolTest {
 protected:
  RefusedByManyTest() : PoolTest({"m", "b", "c", "d", "e"}) {}
  void SetUp() override {
    a().offer("good");
    cluster_.settle();
    for (std::size_t i = 0; i < 5; ++i) agent(i).answer = std::nullopt;
  }
  void refuse(TestAgent& agent, const std::string& error) {
    agent.step(StageFinished{agent.staged.back().identity, VoteResult::kNack, error});
  }
};

TEST_F(RefusedByManyTest, AllOfThemAreNamed) {
  a().answer = VoteResult::kAck;
  a().offer("bad");
  cluster_.settle();
  for (std::size_t i = 1; i < 4; ++i) refuse(agent(i), "no " + std::to_string(i));
  cluster_.advance(seconds(6));
  ASSERT_TRUE(blocked(cluster_, "m"));
  EXPECT_EQ(blocked(cluster_, "m")->reason, "refused by b, c, d; b says: no 1");
}

// The leader's own refusal decides at once; whoever tests at that moment says what he finds a moment later.
TEST_F(RefusedByManyTest, WhoRefusesAfterItWasWithdrawnIsNamedAsWell) {
  a().offer("bad");
  cluster_.settle();
  for (std::size_t i = 1; i < 5; ++i) ASSERT_FALSE(agent(i).staged.empty());
  refuse(b(), "no from b");
  refuse(a(), "no from the leader");
  for (std::size_t i = 2; i < 5; ++i) refuse(agent(i), "no");
  cluster_.advance(seconds(6));
  ASSERT_TRUE(blocked(cluster_, "m"));
  EXPECT_EQ(blocked(cluster_, "m")->reason, "refused by b, c, d and 2 more; m says: no from the leader");
  for (std::size_t i = 0; i < 5; ++i) agent(i).answer = VoteResult::kNack;
  a().offer("worse");
  cluster_.settle();
  EXPECT_THAT(blocked(cluster_, "m")->reason, StartsWith("m: nginx: [emerg] no")) << "of the newest alone";
  a().answer = VoteResult::kAck;
  for (std::size_t i = 1; i < 5; ++i) agent(i).answer = VoteResult::kAck;
  a().offer("better");
  cluster_.settle();
  EXPECT_FALSE(blocked(cluster_, "m"));
}

TEST_F(BlockedTest, ItIsSinceTheFirstOfTheChangesThatWait) {
  a().offer("good");
  cluster_.settle();
  a().answer = VoteResult::kNack;
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(a().view->blocked) << i;
    a().offer("bad " + std::to_string(i));
    cluster_.advance(seconds(1));
  }
  EXPECT_TRUE(a().view->blocked);
}

TEST_F(BlockedTest, ChangesThatAreCommittedOneAfterTheOtherAreNoBlockage) {
  a().answer = std::nullopt;
  for (int i = 0; i < 10; ++i) {
    a().offer("change " + std::to_string(i));
    cluster_.advance(seconds(1));
    a().offer("change " + std::to_string(i) + " and more");  // waits for its turn
    cluster_.advance(seconds(1));
    a().step(StageFinished{a().staged.back().identity, VoteResult::kAck, {}});
    cluster_.settle();
    EXPECT_FALSE(a().view->blocked) << i;
    a().step(StageFinished{a().staged.back().identity, VoteResult::kAck, {}});
    cluster_.settle();
  }
  EXPECT_EQ(notes(a(), "blocked: "), 0);
}

TEST_F(BlockedTest, ItEndsWithTheLeadership) {
  a().answer = std::nullopt;
  b().answer = std::nullopt;
  a().offer("one");
  cluster_.advance(seconds(6));
  ASSERT_TRUE(blocked(cluster_, "a"));
  cluster_.ensemble->disconnect(a().session());
  cluster_.advance(seconds(7));
  ASSERT_FALSE(a().leading());
  EXPECT_FALSE(a().view->blocked);
  EXPECT_FALSE(a().view->blocked_there) << "its own word of before";
  EXPECT_EQ(notes(a(), "no longer blocked"), 1);
}

TEST(BlockageTest, EndsWithTheNewestOfTheWantedStates) {
  Blockage blockage;
  const TimePoint start{std::chrono::hours(1)};
  EXPECT_FALSE(blockage.since());
  blockage.want("d-1", "12:00", start);
  blockage.want("d-2", "12:01", start + seconds(2));
  EXPECT_EQ(blockage.since(), start);
  EXPECT_FALSE(blockage.show(start + milliseconds(4'999), "w"));
  EXPECT_EQ(blockage.show(start + seconds(5), "w"), (Blocked{"12:00", "w"}));
  blockage.fail("refused");
  EXPECT_EQ(blockage.show(start + seconds(5), "w"), (Blocked{"12:00", "refused"}));
  blockage.commit("d-1");
  EXPECT_EQ(blockage.since(), start + seconds(2));
  EXPECT_FALSE(blockage.show(start + seconds(6), "w"));
  EXPECT_EQ(blockage.show(start + seconds(7), "w"), (Blocked{"12:01", "w"})) << "that failure was another one's";
  blockage.commit("d-2");
  EXPECT_FALSE(blockage.since());
  EXPECT_FALSE(blockage.show(start + seconds(60), "w"));
  blockage.want("d-3", "12:02", start);
  blockage.fail("x");
  blockage.end();
  EXPECT_FALSE(blockage.since());
  blockage.want("d-4", "12:03", start);
  EXPECT_EQ(blockage.show(start + seconds(5), "w"), (Blocked{"12:03", "w"}));
}

class LeaderlessTest : public PoolTest {};

TEST_F(LeaderlessTest, LeaderThatIsNotRegisteredIsNoticedUntilAnotherLeads) {
  EXPECT_FALSE(b().view->leaderless_since);
  b().refuse = refusing<WriteNode>(kState, ErrorKind::kNoAuth);
  cluster_.kill(a());
  cluster_.advance(seconds(5));
  EXPECT_FALSE(b().view->leaderless_since) << "its session still lives";
  cluster_.ensemble->expire(a().session());
  const TimePoint expired = cluster_.now();
  cluster_.advance(seconds(5));
  EXPECT_EQ(b().view->leaderless_since, expired);
  EXPECT_EQ(b().view->leader, "a");
  cluster_.advance(seconds(20));
  EXPECT_EQ(b().view->leaderless_since, expired) << "since then";
  b().refuse = nullptr;
  ASSERT_TRUE(cluster_.wait([this] { return b().leading(); }));
  EXPECT_FALSE(b().view->leaderless_since);
}

TEST_F(LeaderlessTest, NothingIsSaidWhileNotConnected) {
  b().refuse = refusing<WriteNode>(kState, ErrorKind::kNoAuth);
  cluster_.kill_and_expire(a());
  cluster_.advance(seconds(1));
  ASSERT_TRUE(b().view->leaderless_since);
  cluster_.ensemble->disconnect(b().session());
  cluster_.advance(seconds(1));
  EXPECT_FALSE(b().view->leaderless_since);
}

class TurnTest : public PoolTest {
 protected:
  TurnTest() : PoolTest({"a", "b", "c"}) {}
};

TEST_F(TurnTest, AgentThatCannotRegisterGivesItsPlaceToTheNext) {
  b().refuse = refusing<CreateNode>("/chorale/agents/b", ErrorKind::kNoAuth);
  remove("/chorale/agents/b");
  cluster_.kill_and_expire(a());
  cluster_.advance(milliseconds(19'800));
  EXPECT_FALSE(agent(2).leading());
  ASSERT_TRUE(cluster_.wait([this] { return agent(2).leading(); }, seconds(1)));
  EXPECT_THAT(b().notes, Contains(StartsWith("first in the election but not able to lead")));
  b().refuse = nullptr;
  cluster_.advance(seconds(10));
  EXPECT_EQ(cluster_.list("/chorale/election").size(), 2U) << "it stands at the tail";
  EXPECT_TRUE(agent(2).leading());
}

TEST_F(TurnTest, AgentThatLeadsKeepsItsPlace) {
  cluster_.advance(seconds(120));
  EXPECT_TRUE(a().leading());
  EXPECT_TRUE(a().lost.empty());
}

TEST_F(TurnTest, TimeThatATakeoverHasToWaitIsNotCounted) {
  a().offer("one");
  cluster_.settle();
  a().refuse = refusing<CreateNode>(kState, ErrorKind::kNoAuth, 1);
  remove(kState);
  cluster_.advance(seconds(23));
  EXPECT_FALSE(a().leading()) << "it waits for the second time";
  cluster_.advance(seconds(2));
  EXPECT_TRUE(a().leading());
  for (const std::string& note : a().notes) EXPECT_THAT(note, testing::Not(HasSubstr("not able to lead")));
}

TEST_F(TurnTest, StrangersCandidateOfTheSameIdIsLeftAlone) {
  b().refuse = refusing<CreateNode>("/chorale/agents/b", ErrorKind::kNoAuth);
  remove("/chorale/agents/b");
  create("/chorale/election/b.stranger-n_0000009999");
  cluster_.kill_and_expire(a());
  cluster_.advance(seconds(30));
  EXPECT_THAT(cluster_.list("/chorale/election"), Contains("b.stranger-n_0000009999"))
      << "while the own znode is not there, the id may be another agent's";
}

}  // namespace
}  // namespace chorale::coordination
