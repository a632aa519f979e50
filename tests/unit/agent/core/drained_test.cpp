#include "agent/core/drained.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/base/clock.h"

namespace chorale::agent {
namespace {

using coordination::Drained;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

const Drained kNewKernel{"jo", "a \"new\" kernel", "2026-11-22T12:00:00.250Z"};

TEST(DrainedTest, FileIsReadBackAsItWasWritten) {
  const auto read = decode_drained(encode_drained(kNewKernel));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, kNewKernel);
}

TEST(DrainedTest, WhatIsNoSuchFileIsAnError) {
  for (const char* text : {"", "{", "[]", "{}", R"({"since": "yesterday"})", R"({"since": 5})",
                           R"({"since": "2026-11-22T12:00:00.250Z", "by": 1})",
                           R"({"since": "2026-11-22T12:00:00.250Z", "reason": null})"}) {
    const auto read = decode_drained(text);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().message, HasSubstr("since"));
  }
  const auto least = decode_drained(R"({"since": "2026-11-22T12:00:00.250Z"})");
  ASSERT_TRUE(least);
  EXPECT_EQ(*least, (Drained{"", "", "2026-11-22T12:00:00.250Z"}));
}

TEST(DrainedTest, OrderIsEmptyOrJson) {
  EXPECT_EQ(*decode_drain_order(""), (DrainOrder{"an operator", ""}));
  EXPECT_EQ(*decode_drain_order("{}"), (DrainOrder{"an operator", ""}));
  EXPECT_EQ(*decode_drain_order(encode_drain_order({"jo", "why\n"})), (DrainOrder{"jo", "why\n"}));
  for (const char* body : {"x", "[]", "\"jo\"", R"({"by": 1})", R"({"reason": {}})"}) {
    EXPECT_FALSE(decode_drain_order(body)) << body;
  }
  EXPECT_EQ(decode_drain_order(encode_drain_order({"jo", std::string(5'000, 'x')}))->reason.size(), 1'024U);
}

TEST(DrainedTest, IsSaidInWords) {
  EXPECT_EQ(drained_text(kNewKernel), "drained by jo since 2026-11-22T12:00:00.250Z: a \"new\" kernel");
  EXPECT_EQ(drained_text({"", "", "2026-11-22T12:00:00.250Z"}), "drained since 2026-11-22T12:00:00.250Z");
  const auto since = *parse_utc(kNewKernel.since);
  EXPECT_EQ(was_drained_text(kNewKernel, since + minutes(12) + seconds(50)), "was drained for 12 min by jo");
  EXPECT_EQ(was_drained_text({"", "", kNewKernel.since}, since + seconds(3)), "was drained for 3 s");
  EXPECT_EQ(was_drained_text({"jo", "", "?"}, since), "was drained by jo");
}

}  // namespace
}  // namespace chorale::agent
