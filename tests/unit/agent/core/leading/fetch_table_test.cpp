#include "agent/core/leading/fetch_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/core/leading/coalescer.h"

namespace chorale::agent {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TimePoint at(int ms) { return TimePoint{} + Milliseconds(ms); }

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
  void want_apps(int count) {
    for (int i = 0; i < count; ++i) table_.want_app("/app-" + std::to_string(i), "x", at(0));
  }
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
    ms = static_cast<int>(std::chrono::duration_cast<Milliseconds>(next - TimePoint{}).count());
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
  table_.want_list("sync requested", at(10));
  const auto begun = due(10);
  ASSERT_THAT(begun, SizeIs(1));
  EXPECT_EQ(begun[0].cause, "full sync: sync requested");
  EXPECT_THAT(due(30), IsEmpty());
  fail(begun[0], 40);
  const auto single = due(60);
  ASSERT_THAT(single, SizeIs(1));
  EXPECT_EQ(single[0].app, "/web");
  succeed(single[0]);
  const auto again = due(1'050);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_TRUE(again[0].is_list());
  EXPECT_EQ(again[0].cause, "full sync: sync requested");
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

TEST_F(FetchTableTest, OnlyWhatWaitsForALaterMomentIsHurried) {
  table_.want_app_by("/web", "edit", at(250));
  table_.want_app("/api", "x", at(0));
  const auto begun = due(20);
  ASSERT_THAT(begun, SizeIs(1));
  table_.hurry_apps(at(30));
  EXPECT_EQ(table_.next_deadline(), at(50));
  EXPECT_THAT(due(50), SizeIs(1));
  succeed(begun[0]);
  EXPECT_EQ(table_.next_deadline(), TimePoint::max());
}

TEST_F(FetchTableTest, TheEarliestTimeForAListCountsAndItsReasonIsTheCause) {
  table_.want_list("resync", at(100));
  table_.want_list("resync", at(50));
  table_.want_list("resync", at(200));
  table_.want_list("sync requested", at(50));
  table_.want_list("404", at(60));
  EXPECT_EQ(table_.next_deadline(), at(50));
  const auto begun = due(50);
  ASSERT_THAT(begun, SizeIs(1));
  EXPECT_EQ(begun[0].cause, "full sync: resync");
}

TEST_F(FetchTableTest, TwentyAppsAreNoListYet) {
  want_apps(20);
  const auto begun = due(20, 1'000);
  ASSERT_THAT(begun, SizeIs(20));
  EXPECT_FALSE(begun[0].is_list());
}

TEST_F(FetchTableTest, AtMostTwentyFetchesAreOnTheirWay) {
  table_.want_list("resync", at(0));
  const auto list = due(0);
  ASSERT_THAT(list, SizeIs(1));
  want_apps(25);
  const auto begun = due(20, 1'000);
  EXPECT_THAT(begun, SizeIs(19)) << "one by one, beside the list";
  EXPECT_EQ(table_.next_deadline(), TimePoint::max()) << "an answer comes first";
  succeed(list[0]);
  for (const Fetch& fetch : begun) succeed(fetch);
  const auto rest = due(30, 1'000);
  ASSERT_THAT(rest, SizeIs(6));
  EXPECT_FALSE(rest[0].is_list()) << "the list is not repeated";
}

TEST_F(FetchTableTest, AfterAFailedListManyAppsAreOneListWhenItsBackOffEnds) {
  table_.want_list("resync", at(0));
  table_.failed(finish(due(0).at(0)), 0.0, at(0));
  table_.no_list_for("resync");
  want_apps(21);
  EXPECT_THAT(due(20, 1'000), SizeIs(20));
  FetchTable other{Milliseconds(20), Milliseconds(200)};
  other.want_list("resync", at(0));
  other.failed(other.finish(other.take_due(endpoints_, 1'000, at(0)).at(0).id).value(), 0.0, at(0));
  other.no_list_for("resync");
  for (int i = 0; i < 21; ++i) other.want_app("/app-" + std::to_string(i), "x", at(400));
  const auto begun = other.take_due(endpoints_, 1'000, at(500));
  ASSERT_THAT(begun, SizeIs(1));
  EXPECT_TRUE(begun[0].is_list());
}

TEST_F(FetchTableTest, AListLeavesTheFetchOfAnAppOnItsWay) {
  table_.want_app("/web", "x", at(0));
  const auto app = due(20);
  table_.want_list("resync", at(30));
  ASSERT_THAT(due(30), SizeIs(1));
  table_.want_app("/web", "y", at(40));
  EXPECT_THAT(due(60), IsEmpty()) << "one at a time";
  succeed(app.at(0));
  EXPECT_THAT(due(60), SizeIs(1));
}

TEST_F(FetchTableTest, AnEndedAppsFetchIsNotTakenForTheOneThatFollows) {
  table_.want_app("/web", "x", at(0));
  const auto first = due(20);
  table_.forget_app("/web");
  table_.want_app("/web", "born again", at(20));
  ASSERT_THAT(due(40), SizeIs(1));
  succeed(first.at(0));
  EXPECT_TRUE(table_.in_flight("/web"));
}

TEST_F(FetchTableTest, SuccessEndsTheBackOffOfAList) {
  table_.want_list("resync", at(0));
  fail(due(0).at(0), 0);
  table_.retry_now(at(10));
  const auto again = due(10);
  ASSERT_THAT(again, SizeIs(1)) << "Marathon is known to answer";
  EXPECT_EQ(again[0].endpoint, "http://b");
  succeed(again[0]);
  table_.want_list("resync", at(20));
  const auto later = due(20);
  ASSERT_THAT(later, SizeIs(1));
  EXPECT_EQ(later[0].endpoint, "http://a") << "it is avoided no longer";
  fail(later[0], 20);
  EXPECT_LE(table_.next_deadline(), at(1'020)) << "the first pause again";
}

TEST_F(FetchTableTest, SuccessEndsTheBackOffOfAnApp) {
  table_.want_app("/web", "x", at(0));
  fail(due(20).at(0), 20);
  table_.want_app("/web", "y", at(1'020));
  const auto again = due(1'040);
  ASSERT_THAT(again, SizeIs(1));
  table_.want_app("/web", "z", at(1'040));
  succeed(again[0]);
  const auto later = due(1'060);
  ASSERT_THAT(later, SizeIs(1));
  EXPECT_EQ(later[0].endpoint, "http://a");
  fail(later[0], 1'060);
  EXPECT_LE(table_.next_deadline(), at(2'060)) << "the first pause again";
}

TEST_F(FetchTableTest, AFailedListGivesBackOnlyWhatIsStillMissing) {
  table_.want_app("/ended", "x", at(0));
  table_.want_app("/web", "x", at(0));
  table_.want_list("resync", at(0));
  const auto first = due(0);
  table_.forget_app("/ended");
  fail(first.at(0), 0);
  const auto web = due(20);
  ASSERT_THAT(web, SizeIs(1));
  EXPECT_EQ(web[0].app, "/web");
  succeed(web[0]);
  fail(due(1'000).at(0), 1'000);
  EXPECT_THAT(due(1'100), IsEmpty()) << "fetched meanwhile";
  const auto good = due(5'000);
  ASSERT_THAT(good, SizeIs(1));
  succeed(good[0]);
}

TEST_F(FetchTableTest, AListThatSucceededGivesNothingBackLater) {
  table_.want_app("/web", "x", at(0));
  table_.want_list("resync", at(0));
  succeed(due(0).at(0));
  table_.want_list("resync", at(10));
  fail(due(10).at(0), 10);
  EXPECT_THAT(due(100), IsEmpty());
}

TEST_F(FetchTableTest, AClaimIsComparedWithTheAnswerOfItsOwnAppThatWasAskedForBefore) {
  table_.want_app("/web", "x", at(0));
  table_.want_app("/api", "x", at(0));
  const auto begun = due(20);
  ASSERT_THAT(begun, SizeIs(2));
  table_.hear({"/web", "t", Meaning::kTaskRuns, "x"});
  EXPECT_THAT(table_.take_claims(finish(begun[0])), IsEmpty()) << begun[0].app;
  EXPECT_THAT(table_.take_claims(finish(begun[1])), SizeIs(1)) << begun[1].app;

  table_.want_list("resync", at(30));
  const auto list = due(30);
  table_.hear({"/web", "t", Meaning::kTaskRuns, "x"});
  table_.want_app("/web", "x", at(40));
  const auto web = due(60);
  ASSERT_THAT(web, SizeIs(1));
  EXPECT_THAT(table_.take_claims(finish(web[0])), IsEmpty()) << "asked for after the event";
  EXPECT_THAT(table_.take_claims(finish(list.at(0))), SizeIs(1));
}

}  // namespace
}  // namespace chorale::agent
