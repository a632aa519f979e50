#include "agent/core/leading/fetch_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/core/leading/coalescer.h"

namespace chorale::agent {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const TimePoint kStart{};
TimePoint at(int ms) { return kStart + Milliseconds(ms); }

TEST(CoalescerTest, FiresAMomentAfterTheLastEventOfABurst) {
  Coalescer burst(Milliseconds(20), Milliseconds(200));
  EXPECT_EQ(burst.due(), TimePoint::max());
  burst.add(at(0));
  EXPECT_EQ(burst.due(), at(20));
  burst.add(at(15));
  EXPECT_EQ(burst.due(), at(35));
}

TEST(CoalescerTest, AStormCannotPutItOffForEver) {
  Coalescer burst(Milliseconds(20), Milliseconds(200));
  for (int ms = 0; ms < 200; ms += 10) burst.add(at(ms));
  EXPECT_EQ(burst.due(), at(200));
  burst.clear();
  burst.add(at(210));
  EXPECT_EQ(burst.due(), at(230));
}

TEST(CoalescerTest, HurryActsAtOnce) {
  Coalescer burst(Milliseconds(20), Milliseconds(200));
  burst.add(at(0));
  burst.hurry(at(5));
  EXPECT_EQ(burst.due(), at(5));
}

class FetchTableTest : public testing::Test {
 protected:
  std::vector<Fetch> due(int ms, std::size_t known = 100) { return table_.take_due(endpoints_, known, at(ms)); }
  Fetch finish(const Fetch& fetch) {
    const auto finished = table_.finish(fetch.id);
    EXPECT_TRUE(finished.has_value());
    return finished.value_or(Fetch{});
  }
  void succeed(const Fetch& fetch) { table_.succeeded(finish(fetch)); }
  void fail(const Fetch& fetch, int ms) { table_.failed(finish(fetch), 0.99, at(ms)); }

  EndpointSet endpoints_{{"http://a", "http://b"}, Milliseconds(2'000)};
  FetchTable table_{Milliseconds(20), Milliseconds(200)};
};

TEST_F(FetchTableTest, EventsOfOneBurstAreOneFetch) {
  table_.want_app("/web", "first", at(0));
  table_.want_app("/web", "second", at(5));
  EXPECT_EQ(table_.next_deadline(), at(25));
  EXPECT_THAT(due(24), IsEmpty());
  const auto begun = due(25);
  ASSERT_THAT(begun, SizeIs(1));
  EXPECT_EQ(begun[0].app, "/web");
  EXPECT_EQ(begun[0].cause, "first");
  succeed(begun[0]);
  EXPECT_EQ(table_.next_deadline(), TimePoint::max());
}

TEST_F(FetchTableTest, OneFetchPerAppAtATimeAndOneMoreAfterIt) {
  table_.want_app("/web", "x", at(0));
  const auto first = due(20);
  ASSERT_THAT(first, SizeIs(1));
  table_.want_app("/web", "y", at(25));
  EXPECT_THAT(due(100), IsEmpty());
  succeed(first[0]);
  EXPECT_THAT(due(100), SizeIs(1));
}

TEST_F(FetchTableTest, AFetchThatBeginsEarlierSatisfiesALaterWish) {
  table_.want_app_by("/web", "edit", at(250));
  table_.want_app("/web", "runs", at(100));
  const auto begun = due(120);
  ASSERT_THAT(begun, SizeIs(1));
  EXPECT_EQ(begun[0].cause, "runs");
  succeed(begun[0]);
  EXPECT_EQ(table_.next_deadline(), TimePoint::max());
}

TEST_F(FetchTableTest, AFailedFetchIsRepeatedElsewhereAfterABackOff) {
  table_.want_app("/web", "x", at(0));
  const auto first = due(20);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].endpoint, "http://a");
  fail(first[0], 30);
  EXPECT_THAT(due(500), IsEmpty());
  EXPECT_GT(table_.next_deadline(), at(1'000));
  EXPECT_LE(table_.next_deadline(), at(1'030));
  const auto second = due(1'030);
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].endpoint, "http://b");
  fail(second[0], 1'030);
  EXPECT_GT(table_.next_deadline(), at(2'900)) << "longer each time";
  table_.retry_now(at(1'100));
  EXPECT_THAT(due(1'100), SizeIs(1));
}

TEST_F(FetchTableTest, BackOffNeverExceedsItsMaximum) {
  table_.want_app("/web", "x", at(0));
  int ms = 20;
  for (int i = 0; i < 30; ++i) {
    const auto begun = due(ms);
    ASSERT_THAT(begun, SizeIs(1));
    fail(begun[0], ms);
    const TimePoint next = table_.next_deadline();
    EXPECT_LE(next, at(ms + 10'000));
    ms = static_cast<int>(std::chrono::duration_cast<Milliseconds>(next - kStart).count());
  }
}

TEST_F(FetchTableTest, ManyAppsAreOneList) {
  for (int i = 0; i < 21; ++i) table_.want_app("/app-" + std::to_string(i), "x", at(0));
  const auto begun = due(20, 1'000);
  ASSERT_THAT(begun, SizeIs(1));
  EXPECT_TRUE(begun[0].is_list());
  succeed(begun[0]);
  EXPECT_EQ(table_.next_deadline(), TimePoint::max());
}

TEST_F(FetchTableTest, MoreThanHalfOfAllAppsAreOneListButAFewNeverAre) {
  for (int i = 0; i < 3; ++i) table_.want_app("/app-" + std::to_string(i), "x", at(0));
  EXPECT_THAT(due(20, 3), SizeIs(3));
  FetchTable other{Milliseconds(20), Milliseconds(200)};
  for (int i = 0; i < 4; ++i) other.want_app("/app-" + std::to_string(i), "x", at(0));
  EXPECT_THAT(other.take_due(endpoints_, 7, at(20)), SizeIs(1));
}

TEST_F(FetchTableTest, AListCoversWhatWaitedAndGivesItBackWhenItFails) {
  table_.want_app("/web", "x", at(0));
  table_.want_list("reload requested", at(10));
  const auto begun = due(10);
  ASSERT_THAT(begun, SizeIs(1));
  EXPECT_EQ(begun[0].cause, "full sync: reload requested");
  EXPECT_THAT(due(30), IsEmpty());
  fail(begun[0], 40);
  const auto single = due(60);
  ASSERT_THAT(single, SizeIs(1));
  EXPECT_EQ(single[0].app, "/web");
  succeed(single[0]);
  const auto again = due(1'050);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_TRUE(again[0].is_list());
  EXPECT_EQ(again[0].cause, "full sync: reload requested");
  EXPECT_EQ(again[0].endpoint, "http://b");
}

TEST_F(FetchTableTest, AReasonForAListCanBeTakenBack) {
  table_.want_list("404 for /web", at(2'000));
  table_.no_list_for("404 for /web");
  EXPECT_EQ(table_.next_deadline(), TimePoint::max());
}

TEST_F(FetchTableTest, AListWantedDuringAListFollowsIt) {
  table_.want_list("resync", at(0));
  const auto first = due(0);
  ASSERT_THAT(first, SizeIs(1));
  table_.want_list("event stream attached", at(5));
  EXPECT_THAT(due(5), IsEmpty());
  succeed(first[0]);
  EXPECT_THAT(due(6), SizeIs(1));
}

TEST_F(FetchTableTest, ClaimsAreKeptOnlyForFetchesThatBeganBefore) {
  table_.hear({"/web", "t0", Meaning::kTaskRuns, "x"});
  table_.want_app("/web", "x", at(0));
  const auto begun = due(20);
  table_.hear({"/web", "t1", Meaning::kTaskRuns, "x"});
  table_.hear({"/web", "t1", Meaning::kTaskEnds, "x"});
  table_.hear({"/other", "t2", Meaning::kTaskRuns, "x"});
  const Fetch fetch = finish(begun.at(0));
  const auto claims = table_.take_claims(fetch);
  ASSERT_THAT(claims, SizeIs(1));
  EXPECT_EQ(claims[0].task, "t1");
  EXPECT_EQ(claims[0].meaning, Meaning::kTaskEnds) << "the last word counts";
  EXPECT_THAT(table_.take_claims(fetch), IsEmpty());
}

TEST_F(FetchTableTest, AnEndedAppIsNotAskedForAgain) {
  table_.want_app("/web", "x", at(0));
  table_.forget_app("/web");
  EXPECT_THAT(due(20), IsEmpty());
}

TEST_F(FetchTableTest, UnknownAnswersAreNotOurs) { EXPECT_FALSE(table_.finish(7).has_value()); }

}  // namespace
}  // namespace chorale::agent
