#include "agent/core/leading/silence.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

constexpr Milliseconds kLimit{60'000};
const TimePoint kAttachedAt = TimePoint{} + std::chrono::hours(1);

TEST(SilenceTest, OnlyWhatIsAttachedCanFallSilent) {
  Silence silence(kLimit);
  EXPECT_FALSE(silence.is_silent(kAttachedAt));
  EXPECT_EQ(silence.next_deadline(kAttachedAt), TimePoint::max());
  silence.attached(kAttachedAt);
  EXPECT_FALSE(silence.is_silent(kAttachedAt + Milliseconds(5'999)));
  EXPECT_EQ(silence.next_deadline(kAttachedAt), kAttachedAt + Milliseconds(6'000));
  EXPECT_TRUE(silence.is_silent(kAttachedAt + Milliseconds(6'000)));
  EXPECT_EQ(silence.next_deadline(kAttachedAt + Milliseconds(6'000)), TimePoint::max()) << "it has passed";
  silence.detached();
  EXPECT_FALSE(silence.is_silent(kAttachedAt + kLimit));
  EXPECT_EQ(silence.next_deadline(kAttachedAt), TimePoint::max());
}

TEST(SilenceTest, AWordCountsForTheWholeLimit) {
  Silence silence(kLimit);
  silence.heard(kAttachedAt);  // before it is known that it is attached
  silence.attached(kAttachedAt + Milliseconds(1));
  EXPECT_EQ(silence.next_deadline(kAttachedAt), kAttachedAt + kLimit);
  EXPECT_FALSE(silence.is_silent(kAttachedAt + kLimit - Milliseconds(1)));
  EXPECT_TRUE(silence.is_silent(kAttachedAt + kLimit));
  silence.heard(kAttachedAt + kLimit);
  EXPECT_FALSE(silence.is_silent(kAttachedAt + kLimit));
  silence.detached();
  silence.attached(kAttachedAt + kLimit);
  EXPECT_EQ(silence.next_deadline(kAttachedAt), kAttachedAt + kLimit + kLimit / 10)
      << "what was heard of the last one is over";
}

TEST(SilenceTest, WithoutALimitNothingIsSilent) {
  Silence silence(std::nullopt);
  silence.attached(kAttachedAt);
  silence.heard(kAttachedAt);
  EXPECT_FALSE(silence.is_silent(kAttachedAt + kLimit * 10));
  EXPECT_EQ(silence.next_deadline(kAttachedAt), TimePoint::max());
}

}  // namespace
}  // namespace chorale::agent
