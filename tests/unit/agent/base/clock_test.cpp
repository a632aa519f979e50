#include "agent/base/clock.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(ClockTest, TimeIsReadBackAsItWasWritten) {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  EXPECT_EQ(parse_utc(format_utc(now)), now);
  EXPECT_EQ(parse_utc("2025-11-27T00:00:01Z"), parse_utc("2025-11-27T00:00:01.000Z"));
  for (const char* text :
       {"", "noon", "2026-11-22", "2026-11-22T12:00:00", "2026-11-22T12:00:00.5Z", "2026-02-31T12:00:00.000Z",
        "2026-02-31T12:00:00Z", "2026-11-22T12:00:00.000Z ", "2026-11-22T12:00:00Z ", "2026-11-22T12:00:00.000"}) {
    EXPECT_FALSE(parse_utc(text)) << text;
    EXPECT_FALSE(seconds_of(text)) << text;
  }
  EXPECT_EQ(seconds_of("1970-01-02T00:00:01.999Z"), 86'401);
  EXPECT_EQ(seconds_of("2025-11-27T00:00:01Z"), 1'764'201'601);
}

TEST(ClockTest, AgesHaveOneUnitAndAreNeverNegative) {
  EXPECT_EQ(age_text(-3), "0 s");
  EXPECT_EQ(age_text(119), "119 s");
  EXPECT_EQ(age_text(120), "2 min");
  EXPECT_EQ(age_text(7'199), "119 min");
  EXPECT_EQ(age_text(7'200), "2 h");
  EXPECT_EQ(age_text(172'799), "47 h");
  EXPECT_EQ(age_text(172'800), "2 days");
}

}  // namespace
}  // namespace chorale::agent
