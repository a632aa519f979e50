#include "agent/core/leading/name_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const TimePoint kStart{};

TEST(NameCacheTest, NewNamesAreAskedOnceAndAgainAfterAMinute) {
  NameCache cache;
  cache.use({"a", "b"});
  EXPECT_THAT(cache.take_due(kStart), ElementsAre("a", "b"));
  EXPECT_THAT(cache.take_due(kStart), IsEmpty());
  EXPECT_TRUE(cache.answered({{"a", {"10.0.0.1"}}, {"b", {"10.0.0.2"}}}, {}, kStart));
  EXPECT_THAT(cache.take_due(kStart + seconds(59)), IsEmpty());
  EXPECT_THAT(cache.take_due(kStart + seconds(60)), ElementsAre("a", "b"));
  EXPECT_FALSE(cache.answered({{"a", {"10.0.0.1", "10.0.0.9"}}}, {}, kStart + seconds(61))) << "same first address";
  EXPECT_TRUE(cache.answered({{"b", {"10.0.0.3"}}}, {}, kStart + seconds(61)));
}

TEST(NameCacheTest, TheLastGoodAnswerStays) {
  NameCache cache;
  cache.use({"a"});
  (void)cache.take_due(kStart);
  (void)cache.answered({{"a", {"10.0.0.1"}}}, {}, kStart);
  (void)cache.take_due(kStart + seconds(60));
  EXPECT_FALSE(cache.answered({}, {{"a", "timed out"}}, kStart + seconds(65)));
  EXPECT_THAT(cache.known().at("a"), ElementsAre("10.0.0.1"));
  EXPECT_THAT(cache.take_due(kStart + seconds(75)), ElementsAre("a"));
}

TEST(NameCacheTest, OnlyAFirstAnswerIsAwaitedAndNotForLong) {
  NameCache cache;
  EXPECT_FALSE(cache.awaits_first_answer(kStart));
  cache.use({"a"});
  EXPECT_TRUE(cache.awaits_first_answer(kStart));
  (void)cache.take_due(kStart);
  EXPECT_TRUE(cache.awaits_first_answer(kStart + Milliseconds(999)));
  EXPECT_EQ(cache.next_deadline(kStart), kStart + seconds(1));
  EXPECT_FALSE(cache.awaits_first_answer(kStart + seconds(1)));
  (void)cache.answered({}, {{"a", "no such name"}}, kStart + seconds(2));
  EXPECT_FALSE(cache.awaits_first_answer(kStart + seconds(12)));
}

TEST(NameCacheTest, ASuggestionServesUntilTheResolverAnswers) {
  NameCache cache;
  cache.use({"a"});
  cache.suggest("a", "10.0.0.1");
  EXPECT_FALSE(cache.awaits_first_answer(kStart));
  EXPECT_THAT(cache.take_due(kStart), ElementsAre("a"));
  EXPECT_TRUE(cache.answered({{"a", {"10.0.0.2"}}}, {}, kStart));
  cache.suggest("a", "10.0.0.1");
  EXPECT_THAT(cache.known().at("a"), ElementsAre("10.0.0.2"));
}

TEST(NameCacheTest, UnusedNamesAreForgotten) {
  NameCache cache;
  cache.use({"a"});
  (void)cache.take_due(kStart);
  (void)cache.answered({{"a", {"10.0.0.1"}}}, {}, kStart);
  cache.use({"b"});
  EXPECT_TRUE(cache.known().empty());
  EXPECT_FALSE(cache.answered({{"a", {"10.0.0.1"}}}, {}, kStart));
}

TEST(NameCacheTest, TheNextQuestionIsCountedFromTheAnswer) {
  const TimePoint start = kStart + seconds(3'600);
  NameCache cache;
  cache.use({"a"});
  (void)cache.take_due(start);
  EXPECT_TRUE(cache.awaits_first_answer(start + Milliseconds(999)));
  EXPECT_TRUE(cache.answered({{"a", {"10.0.0.1"}}}, {}, start + Milliseconds(100)));
  EXPECT_EQ(cache.next_deadline(start + Milliseconds(100)), start + Milliseconds(60'100));

  NameCache failing;
  failing.use({"a"});
  (void)failing.take_due(start);
  EXPECT_FALSE(failing.answered({}, {{"a", "timed out"}}, start + seconds(5)));
  EXPECT_EQ(failing.next_deadline(start + seconds(5)), start + seconds(15));
}

}  // namespace
}  // namespace chorale::agent
