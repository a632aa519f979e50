#include "coordination/electors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string> kPool{"a", "b", "c"};

class ElectorsTest : public testing::Test {
 protected:
  void begin(std::vector<std::string> registered = kPool) {
    current_ = Identity{Epoch{1}, Revision{current_.revision.value + 1}, "d"};
    began_ = now_;
    votes_.clear();
    electors_.begin(current_, registered, now_);
  }
  // All of these answer, so many milliseconds after the proposal, in this order.
  void answer(std::vector<std::pair<std::string, int>> answers) {
    for (const auto& [id, after] : answers) {
      now_ = began_ + milliseconds(after);
      electors_.answered(id, current_, now_);
      votes_[id] = Vote{current_, VoteResult::kAck, ""};
    }
  }
  std::vector<std::string> electors() { return electors_.electors(votes_); }
  Duration wait() { return electors_.deadline() - began_; }

  Electors electors_{seconds(3)};
  TimePoint now_{std::chrono::hours(1)};
  TimePoint began_;
  Identity current_;
  std::map<std::string, Vote> votes_;
};

TEST_F(ElectorsTest, BeforeAnyAnswerIsKnownTheyAreWaitedForUntilTheStageTimeout) {
  begin();
  EXPECT_EQ(wait(), seconds(3));
  EXPECT_THAT(electors(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(electors_.late(), IsEmpty());
}

TEST_F(ElectorsTest, TheyAreWaitedForThreeMediansOfTheLastAnswers) {
  begin();
  answer({{"a", 150}, {"b", 200}, {"c", 500}});
  begin();
  EXPECT_EQ(wait(), milliseconds(600));
  answer({{"a", 300}, {"b", 350}, {"c", 360}});
  begin();
  EXPECT_EQ(wait(), milliseconds(1050));
}

TEST_F(ElectorsTest, TheyAreWaitedForAtLeast300Milliseconds) {
  begin();
  answer({{"a", 10}, {"b", 20}, {"c", 30}});
  begin();
  EXPECT_EQ(wait(), milliseconds(300));
  answer({{"a", 10}, {"b", 20}, {"c", 300}});
  EXPECT_THAT(electors_.late(), IsEmpty()) << "just in time";
}

TEST_F(ElectorsTest, TheyAreNeverWaitedForBeyondTheStageTimeout) {
  begin();
  answer({{"a", 1'500}, {"b", 2'000}, {"c", 2'500}});
  begin();
  EXPECT_EQ(wait(), seconds(3));
}

TEST_F(ElectorsTest, OfTwoTheQuickOneSetsThePace) {
  begin({"a", "b"});
  answer({{"a", 20}, {"b", 2'500}});
  EXPECT_THAT(electors_.late(), ElementsAre("b"));
  begin({"a", "b"});
  EXPECT_EQ(wait(), milliseconds(300));
  EXPECT_THAT(electors(), ElementsAre("a"));
}

TEST_F(ElectorsTest, LateAgentIsAnElectorOnceItHasAnsweredAndWaitedForOnceItDidInTime) {
  begin();
  answer({{"a", 20}, {"b", 20}, {"c", 2'500}});
  begin();
  EXPECT_THAT(electors(), ElementsAre("a", "b"));
  answer({{"c", 100}});
  EXPECT_THAT(electors(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(electors_.late(), IsEmpty());
  begin();
  EXPECT_THAT(electors(), ElementsAre("a", "b", "c"));
}

TEST_F(ElectorsTest, SilentAgentIsLateUntilItAnswersInTime) {
  begin();
  answer({{"a", 20}, {"b", 20}});
  electors_.close(votes_);
  EXPECT_THAT(electors_.late(), ElementsAre("c"));
  answer({{"c", 5'000}});
  EXPECT_THAT(electors_.late(), ElementsAre("c")) << "it has answered, but late";
  begin();
  answer({{"c", 200}});
  EXPECT_THAT(electors_.late(), IsEmpty());
}

TEST_F(ElectorsTest, AnswerToAnEarlierProposalIsMeasuredFromThatOne) {
  begin();
  const Identity first = current_;
  answer({{"a", 20}, {"b", 20}});
  now_ += milliseconds(900);
  begin();
  answer({{"a", 20}, {"b", 20}});
  electors_.answered("c", first, now_);
  EXPECT_THAT(electors_.late(), ElementsAre("c"));
}

TEST_F(ElectorsTest, OnlyTheFirstWordOnAProposalCounts) {
  begin();
  answer({{"a", 20}, {"b", 20}, {"c", 20}});
  now_ += seconds(60);
  for (const char* id : {"a", "b", "c"}) electors_.answered(id, current_, now_);
  EXPECT_THAT(electors_.late(), IsEmpty());
  begin();
  EXPECT_EQ(wait(), milliseconds(300));
}

TEST_F(ElectorsTest, AnswersToWhatWasNeverProposedHereAreIgnored) {
  begin();
  electors_.answered("a", Identity{Epoch{9}, Revision{9}, "d"}, now_ + seconds(2));
  electors_.answered("x", current_, now_ + milliseconds(1));
  begin();
  EXPECT_EQ(wait(), seconds(3));
}

TEST_F(ElectorsTest, WhoLeavesIsNoElectorAndComesBackAsGoodAsNew) {
  begin();
  answer({{"a", 20}, {"b", 20}, {"c", 2'500}});
  begin();
  electors_.keep({"a", "c"});
  EXPECT_THAT(electors(), ElementsAre("a"));
  electors_.keep({"a", "b"});
  electors_.keep(kPool);
  EXPECT_THAT(electors_.late(), IsEmpty());
  EXPECT_THAT(electors(), ElementsAre("a", "b", "c"));
}

TEST_F(ElectorsTest, WhoComesDuringTheVoteIsNoElector) {
  begin({"a", "b"});
  electors_.keep(kPool);
  EXPECT_THAT(electors(), ElementsAre("a", "b"));
  answer({{"a", 20}, {"b", 20}});
  electors_.close(votes_);
  EXPECT_THAT(electors_.late(), IsEmpty());
}

TEST_F(ElectorsTest, ManyProposalsAreRememberedButNotAll) {
  begin();
  const Identity first = current_;
  for (int i = 0; i < 63; ++i) begin();
  electors_.answered("a", first, now_ + seconds(1));
  begin();
  EXPECT_EQ(wait(), seconds(3)) << "3 x 1 s";
  electors_.answered("b", first, now_ + milliseconds(1));
  begin();
  EXPECT_EQ(wait(), seconds(3)) << "that one is forgotten";
}

TEST_F(ElectorsTest, ResetForgetsWhatWasMeasured) {
  begin();
  answer({{"a", 20}, {"b", 20}, {"c", 2'500}});
  electors_.reset();
  EXPECT_THAT(electors_.late(), IsEmpty());
  begin();
  EXPECT_EQ(wait(), seconds(3));
}

}  // namespace
}  // namespace chorale::coordination
