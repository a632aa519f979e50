// One agent whose tests take long: it must not slow the others, nor be starved by them. Coordinators joined.
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
using testing::SizeIs;

// An Nginx whose test takes its time, as the applier runs it: one test at a time, never cut short; a newer request
// replaces the one that waits, and what was replaced gets no answer.
class SlowNginx {
 public:
  SlowNginx(CoordinatorCluster& cluster, TestAgent& agent, milliseconds test_takes)
      : cluster_(cluster), agent_(agent), test_takes_(test_takes) {
    agent.judge = [this](const StageRevision& revision) {
      wanted_ = revision.identity;
      if (!testing_) begin();
      return std::optional<VoteResult>();
    };
  }
  void tick() {
    if (!testing_ || cluster_.now() < done_at_) return;
    const Identity tested = *std::exchange(testing_, std::nullopt);
    if (wanted_ == tested) {
      wanted_.reset();
      agent_.step(StageFinished{tested, VoteResult::kAck, {}});
    }
    if (wanted_) begin();
  }

 private:
  void begin() {
    testing_ = wanted_;
    done_at_ = cluster_.now() + test_takes_;
  }

  CoordinatorCluster& cluster_;
  TestAgent& agent_;
  milliseconds test_takes_;
  std::optional<Identity> wanted_;
  std::optional<Identity> testing_;
  TimePoint done_at_;
};

// a leads, b and c follow.
class SlowAgentTest : public PoolTest {
 protected:
  SlowAgentTest() : PoolTest({"a", "b", "c"}) {}

  TestAgent& c() { return agent(2); }
  void advance(milliseconds duration) {
    for (auto passed = milliseconds(0); passed < duration; passed += milliseconds(100)) {
      cluster_.advance(milliseconds(100));
      if (slow_) slow_->tick();
      cluster_.settle();
    }
  }
  void slow(TestAgent& agent, milliseconds test_takes) { slow_.emplace(cluster_, agent, test_takes); }
  std::string committed() { return cluster_.state().committed ? cluster_.state().committed->cause : "nothing"; }
  AgentDocument document(const std::string& id) {
    return decode_agent(cluster_.read("/chorale/agents/" + id).value_or("")).value_or(AgentDocument{});
  }

  std::optional<SlowNginx> slow_;
};

TEST_F(SlowAgentTest, DoesNotSlowTheOthersAfterTheFirstChange) {
  slow(c(), milliseconds(2'500));
  a().offer("one");
  advance(seconds(3));
  ASSERT_EQ(committed(), "one");
  for (const char* text : {"two", "three", "four"}) {
    a().offer(text);
    cluster_.settle();
    EXPECT_EQ(committed(), text) << "at once";
    EXPECT_EQ(b().applied, cluster_.state().committed->identity);
    advance(seconds(4));
    EXPECT_EQ(c().applied, cluster_.state().committed->identity) << "it goes on by itself";
  }
}

TEST_F(SlowAgentTest, IsShownAsLateUntilItAnswersInTime) {
  slow(c(), milliseconds(2'500));
  EXPECT_THAT(document("a").late, IsEmpty());
  a().offer("one");
  advance(seconds(4));
  EXPECT_THAT(a().view->late, ElementsAre("c"));
  EXPECT_THAT(document("a").late, ElementsAre("c"));
  EXPECT_THAT(b().view->late, IsEmpty()) << "the leader knows";
  slow(c(), milliseconds(200));
  a().offer("two");
  advance(seconds(1));
  EXPECT_THAT(a().view->late, IsEmpty());
  EXPECT_THAT(document("a").late, IsEmpty());
  a().offer("three");
  cluster_.settle();
  EXPECT_EQ(committed(), "two") << "it is waited for again";
  advance(milliseconds(300));
  EXPECT_EQ(committed(), "three");
}

TEST_F(SlowAgentTest, AgentThatSuddenlyHangsIsWaitedFor300MillisecondsOnce) {
  a().offer("one");
  cluster_.settle();
  c().answer = std::nullopt;
  a().offer("two");
  advance(milliseconds(200));
  EXPECT_EQ(committed(), "one");
  advance(milliseconds(100));
  EXPECT_EQ(committed(), "two");
  EXPECT_THAT(a().view->late, ElementsAre("c"));
  a().offer("three");
  cluster_.settle();
  EXPECT_EQ(committed(), "three");
}

TEST_F(SlowAgentTest, IsNotStarvedByChangesThatComeFasterThanItTests) {
  slow(c(), milliseconds(2'500));
  for (int i = 0; i < 60; ++i) {
    a().offer("change " + std::to_string(i));
    advance(milliseconds(500));
  }
  EXPECT_GE(c().applied_history.size(), 9U) << "one every 2.5 s, the first ones aside";
  for (std::size_t i = 1; i < c().applied_history.size(); ++i) {
    EXPECT_TRUE(c().applied_history[i - 1].older_than(c().applied_history[i]));
    EXPECT_THAT(b().applied_history, Contains(c().applied_history[i])) << "only what was committed";
  }
  advance(seconds(6));
  EXPECT_EQ(c().applied, cluster_.state().committed->identity);
  EXPECT_THAT(a().closed, SizeIs(60));
}

TEST_F(SlowAgentTest, WhatWasWithdrawnWhileItsTestRanIsNotApplied) {
  slow(c(), milliseconds(2'500));
  a().answer = VoteResult::kNack;
  a().offer("bad");
  advance(seconds(6));
  EXPECT_FALSE(c().applied);
  EXPECT_THAT(c().applied_history, IsEmpty());
}

TEST_F(SlowAgentTest, RefusalOfALateAgentCountsWhileTheVoteIsOpen) {
  c().answer = std::nullopt;
  a().offer("one");
  advance(seconds(4));
  ASSERT_THAT(a().view->late, ElementsAre("c"));
  c().step(StageFinished{c().staged.back().identity, VoteResult::kAck, ""});
  cluster_.settle();
  ASSERT_THAT(a().view->late, ElementsAre("c"));
  a().answer = std::nullopt;  // so that the vote stays open
  b().answer = VoteResult::kNack;
  c().answer = VoteResult::kNack;
  a().offer("two");
  cluster_.settle();
  ASSERT_THAT(a().closed, SizeIs(2));
  EXPECT_EQ(a().closed[1].fate, Fate::kRejected) << "two of three";
  EXPECT_THAT(a().closed[1].nacked, ElementsAre("b", "c"));
}

// The leader's own test hangs.

class HangingLeaderTest : public SlowAgentTest {
 protected:
  HangingLeaderTest() {
    a().offer("one");
    cluster_.settle();
    a().answer = std::nullopt;
  }
};

TEST_F(HangingLeaderTest, HandsOverAfterTheSecondTimeAndChangesGoOn) {
  a().offer("two");
  advance(milliseconds(2'900));
  EXPECT_EQ(committed(), "one") << "its own test is cut by stage_timeout alone";
  advance(milliseconds(100));
  EXPECT_EQ(committed(), "two");
  EXPECT_EQ(b().applied, cluster_.state().committed->identity);
  EXPECT_TRUE(a().leading());
  a().offer("three");
  advance(milliseconds(3'100));
  EXPECT_EQ(committed(), "three");
  ASSERT_THAT(a().lost, SizeIs(1));
  EXPECT_THAT(a().lost[0].reason, HasSubstr("took longer than stage_timeout twice in a row"));
  ASSERT_TRUE(cluster_.wait([this] { return b().leading(); }));
  b().offer("four");
  advance(milliseconds(3'100));  // nothing is known of its pool yet
  EXPECT_EQ(committed(), "four");
  b().offer("five");
  cluster_.settle();
  EXPECT_EQ(committed(), "five");
  EXPECT_EQ(c().applied, cluster_.state().committed->identity);
}

TEST_F(HangingLeaderTest, HandsOverUnderSteadyChangeToo) {
  for (int i = 0; i < 30; ++i) {
    if (a().leading()) a().offer("change " + std::to_string(i));
    advance(milliseconds(300));
  }
  EXPECT_FALSE(a().leading());
  EXPECT_THAT(a().lost, SizeIs(1));
}

TEST_F(HangingLeaderTest, KeepsLeadingIfItWasSlowOnce) {
  a().offer("two");
  advance(milliseconds(3'100));
  ASSERT_EQ(committed(), "two");
  a().step(StageFinished{a().staged.back().identity, VoteResult::kAck, {}});
  a().answer = VoteResult::kAck;
  a().offer("three");
  cluster_.settle();
  EXPECT_EQ(committed(), "three");
  a().answer = std::nullopt;
  a().offer("four");
  advance(milliseconds(3'100));
  EXPECT_EQ(committed(), "four");
  EXPECT_TRUE(a().leading()) << "not twice in a row";
}

// What it was in an earlier leadership would otherwise end each later one at once.
TEST_F(HangingLeaderTest, LeadsAgainOnceItsTestsAreQuick) {
  for (const char* text : {"two", "three"}) {
    a().offer(text);
    advance(milliseconds(3'100));
  }
  ASSERT_THAT(a().lost, SizeIs(1));
  a().answer = VoteResult::kAck;
  a().step(StageFinished{a().staged.back().identity, VoteResult::kAck, {}});
  cluster_.kill_and_expire(b());
  cluster_.kill_and_expire(c());
  ASSERT_TRUE(cluster_.wait([this] { return a().leading(); }));
  a().offer("four");
  cluster_.settle();
  EXPECT_EQ(committed(), "four");
  advance(seconds(5));
  EXPECT_TRUE(a().leading()) << "it was slow in its last leadership";
}

TEST_F(HangingLeaderTest, IsNotCutWhereSomebodyRefuses) {
  c().answer = VoteResult::kNack;
  a().offer("two");
  advance(seconds(20));
  EXPECT_EQ(committed(), "one");
  EXPECT_TRUE(cluster_.state().proposed);
}

TEST_F(HangingLeaderTest, IsNotCutWhereNobodyAccepts) {
  b().answer = VoteResult::kUnable;
  c().answer = std::nullopt;
  a().offer("two");
  advance(seconds(20));
  EXPECT_EQ(committed(), "one");
  EXPECT_TRUE(a().leading());
}

}  // namespace
}  // namespace chorale::coordination
