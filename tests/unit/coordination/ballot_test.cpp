#include "coordination/ballot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::coordination {
namespace {

using Kind = Verdict::Kind;
using testing::ElementsAre;

Vote vote(VoteResult result) { return Vote{{}, result, result == VoteResult::kAck ? "" : "why"}; }

Ballot three(std::map<std::string, Vote> votes, bool deadline_passed = false) {
  return Ballot{"a", {"a", "b", "c"}, std::move(votes), deadline_passed};
}

const Vote kAck = vote(VoteResult::kAck);
const Vote kNack = vote(VoteResult::kNack);
const Vote kUnable = vote(VoteResult::kUnable);

TEST(BallotTest, WaitsForEveryElector) {
  EXPECT_EQ(count(three({{"a", kAck}, {"b", kAck}})).kind, Kind::kOpen);
  EXPECT_EQ(count(three({{"a", kAck}, {"b", kAck}, {"c", kAck}})).kind, Kind::kCommit);
}

TEST(BallotTest, SilenceIsNoAckButDoesNotHoldUpTheRest) {
  EXPECT_EQ(count(three({{"a", kAck}}, true)).kind, Kind::kCommit);
  EXPECT_EQ(count(three({}, true)).kind, Kind::kOpen);
  EXPECT_EQ(count(three({{"b", kAck}, {"c", kAck}}, true)).kind, Kind::kOpen);
}

TEST(BallotTest, LeadersOwnTestIsCutByTheTimeoutWhereAnotherElectorAckedAndNobodyNacked) {
  const auto at_timeout = [](std::map<std::string, Vote> votes) {
    Ballot ballot = three(std::move(votes), true);
    ballot.timeout_passed = true;
    return count(ballot);
  };
  const Verdict cut = at_timeout({{"b", kAck}, {"c", kUnable}});
  EXPECT_EQ(cut.kind, Kind::kCommit);
  EXPECT_TRUE(cut.own_cut);
  EXPECT_EQ(at_timeout({{"b", kAck}}).kind, Kind::kCommit);
  EXPECT_EQ(at_timeout({{"b", kAck}, {"c", kNack}}).kind, Kind::kOpen);
  EXPECT_EQ(at_timeout({{"b", kUnable}, {"c", kUnable}}).kind, Kind::kOpen);
  EXPECT_EQ(at_timeout({}).kind, Kind::kOpen);
  EXPECT_EQ(at_timeout({{"x", kAck}}).kind, Kind::kOpen) << "no elector";
  EXPECT_EQ(at_timeout({{"b", kAck}, {"x", kNack}}).kind, Kind::kOpen);
  EXPECT_FALSE(at_timeout({{"a", kAck}}).own_cut);
  EXPECT_FALSE(at_timeout({{"a", kUnable}, {"b", kAck}}).own_cut);
  EXPECT_FALSE(count(three({{"b", kNack}, {"c", kNack}})).own_cut);
}

TEST(BallotTest, LeadersOwnNackEndsItAtOnce) {
  const Verdict verdict = count(three({{"a", kNack}}));
  EXPECT_EQ(verdict.kind, Kind::kReject);
  EXPECT_THAT(verdict.nacked, ElementsAre("a"));
}

TEST(BallotTest, NacksOfMoreThanHalfEndItAtOnce) {
  EXPECT_EQ(count(three({{"b", kNack}})).kind, Kind::kOpen);
  EXPECT_EQ(count(three({{"b", kNack}, {"c", kNack}})).kind, Kind::kReject);
  const Ballot two{"a", {"a", "b"}, {{"a", kAck}, {"b", kNack}}, false};
  EXPECT_EQ(count(two).kind, Kind::kCommit);  // exactly half is not more than half
}

TEST(BallotTest, NacksOfOthersThanElectorsAreNamedButDoNotCount) {
  const Ballot alone{"a", {"a"}, {{"a", kAck}, {"x", kNack}, {"y", kNack}}, false};
  EXPECT_EQ(count(alone).kind, Kind::kCommit);
  EXPECT_THAT(count(alone).nacked, ElementsAre("x", "y"));
}

TEST(BallotTest, UnableLeaderNeedsAnAckAndNoNack) {
  EXPECT_EQ(count(three({{"a", kUnable}, {"b", kAck}, {"c", kUnable}})).kind, Kind::kCommit);
  EXPECT_EQ(count(three({{"a", kUnable}, {"b", kUnable}, {"c", kUnable}})).kind, Kind::kAbandon);
  EXPECT_EQ(count(three({{"a", kUnable}, {"b", kAck}, {"c", kNack}})).kind, Kind::kReject);
  EXPECT_EQ(count(three({{"a", kUnable}}, true)).kind, Kind::kAbandon);
}

}  // namespace
}  // namespace chorale::coordination
