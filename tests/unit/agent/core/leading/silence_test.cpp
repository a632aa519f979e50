#include "agent/core/leading/silence.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

constexpr Milliseconds kLimit{60'000};
const TimePoint kStart = TimePoint{} + std::chrono::hours(1);

TEST(SilenceTest, OnlyWhatIsAttachedCanFallSilent) {
  Silence silence(kLimit);
  EXPECT_FALSE(silence.is_silent(kStart));
  EXPECT_EQ(silence.next_deadline(kStart), TimePoint::max());
  silence.attached(kStart);
  EXPECT_FALSE(silence.is_silent(kStart + Milliseconds(5'999)));
  EXPECT_EQ(silence.next_deadline(kStart), kStart + Milliseconds(6'000));
  EXPECT_TRUE(silence.is_silent(kStart + Milliseconds(6'000)));
  EXPECT_EQ(silence.next_deadline(kStart + Milliseconds(6'000)), TimePoint::max()) << "it has passed";
  silence.detached();
  EXPECT_FALSE(silence.is_silent(kStart + kLimit));
  EXPECT_EQ(silence.next_deadline(kStart), TimePoint::max());
}

TEST(SilenceTest, AWordCountsForTheWholeLimit) {
  Silence silence(kLimit);
  silence.heard(kStart);  // before it is known that it is attached
  silence.attached(kStart + Milliseconds(1));
  EXPECT_EQ(silence.next_deadline(kStart), kStart + kLimit);
  EXPECT_FALSE(silence.is_silent(kStart + kLimit - Milliseconds(1)));
  EXPECT_TRUE(silence.is_silent(kStart + kLimit));
  silence.heard(kStart + kLimit);
  EXPECT_FALSE(silence.is_silent(kStart + kLimit));
  silence.detached();
  silence.attached(kStart + kLimit);
  EXPECT_EQ(silence.next_deadline(kStart), kStart + kLimit + kLimit / 10) << "what was heard of the last one is over";
}

TEST(SilenceTest, WithoutALimitNothingIsSilent) {
  Silence silence(std::nullopt);
  silence.attached(kStart);
  silence.heard(kStart);
  EXPECT_FALSE(silence.is_silent(kStart + kLimit * 10));
  EXPECT_EQ(silence.next_deadline(kStart), TimePoint::max());
}

}  // namespace
}  // namespace chorale::agent
