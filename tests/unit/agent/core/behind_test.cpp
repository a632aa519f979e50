#include "agent/core/behind.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using coordination::Epoch;
using coordination::Identity;
using coordination::Revision;

TimePoint at(int seconds) { return TimePoint(std::chrono::seconds(1'000 + seconds)); }
Identity revision(std::int64_t number, std::int64_t epoch = 1) { return {Epoch{epoch}, Revision{number}, "d"}; }

TEST(BehindTest, CountsFromTheFirstRevisionThatIsLacked) {
  Behind behind;
  behind.observe(at(0), revision(1), revision(1));
  EXPECT_EQ(behind.since(), std::nullopt);
  behind.observe(at(1), revision(1), revision(2));
  behind.observe(at(5), revision(1), revision(2));
  behind.observe(at(9), revision(1), revision(3));
  EXPECT_EQ(behind.since(), at(1));
}

TEST(BehindTest, ProxyThatKeepsComingIsNotBehindForLong) {
  Behind behind;
  behind.observe(at(1), revision(1), revision(2));
  behind.observe(at(9), revision(1), revision(3));
  behind.observe(at(12), revision(2), revision(3));
  EXPECT_EQ(behind.since(), at(9));
  behind.observe(at(15), revision(3), revision(4));
  EXPECT_EQ(behind.since(), at(15));
  behind.observe(at(16), revision(4), revision(4));
  EXPECT_EQ(behind.since(), std::nullopt);
  behind.observe(at(17), revision(5), revision(4));
  EXPECT_EQ(behind.since(), std::nullopt);
}

TEST(BehindTest, AHigherEpochIsNewer) {
  Behind behind;
  behind.observe(at(1), revision(9, 1), revision(3, 2));
  EXPECT_EQ(behind.since(), at(1));
}

TEST(BehindTest, WhatNobodyServesAnyMoreIsNotLacked) {
  Behind behind;
  behind.observe(at(1), revision(1), revision(2));
  behind.observe(at(2), revision(1), revision(3));
  behind.observe(at(3), revision(1), revision(2));
  EXPECT_EQ(behind.since(), at(1));
  behind.observe(at(4), revision(1), revision(1));
  EXPECT_EQ(behind.since(), std::nullopt);
  behind.observe(at(5), revision(1), revision(2));
  behind.observe(at(6), revision(1), std::nullopt);
  EXPECT_EQ(behind.since(), at(5)) << "nothing is known of the others: a hiccup of ZooKeeper";
  behind.observe(at(7), revision(1), revision(2));
  EXPECT_EQ(behind.since(), at(5));
  behind.observe(at(8), std::nullopt, revision(2));
  EXPECT_EQ(behind.since(), std::nullopt) << "what serves nothing at all is down for that";
}

TEST(BehindTest, AFloodOfRevisionsIsBounded) {
  Behind behind;
  for (int i = 1; i <= 10'000; ++i) behind.observe(at(i), revision(0), revision(i));
  EXPECT_EQ(behind.since(), at(1));
  behind.observe(at(20'000), revision(128), revision(10'000));
  EXPECT_EQ(behind.since(), at(20'000));
}

}  // namespace
}  // namespace chorale::agent
