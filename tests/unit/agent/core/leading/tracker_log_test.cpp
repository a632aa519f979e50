// What the leader's log says of trouble that lasts, and since when a change is under way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class TrackerLogTest : public testing::Test {
 protected:
  TrackerLogTest() { scene_.settle(list_); }
  void ping_both(const std::optional<Failure>& failure) {
    scene_.send(EndpointPinged{"http://a", failure});
    scene_.send(EndpointPinged{"http://b", failure});
  }
  MarathonApps list_ = apps({app_of_size("/shop", 2), app_of_size("/web", 3)});
  TrackerScene scene_;
};

// What came before it and changed nothing is not waited for.
TEST_F(TrackerLogTest, AnOfferNamesWhenTheEventOfItsCauseArrived) {
  scene_.event("api_post_event", "/web");
  scene_.pass(Milliseconds(20'000));
  if (!scene_.fetches.empty()) scene_.answer_app(app_of_size("/web", 3));
  ASSERT_THAT(scene_.offers, SizeIs(0));
  const TimePoint event = scene_.now;
  scene_.status("/web", "web-4", "TASK_RUNNING");
  scene_.pass(Milliseconds(100));
  scene_.status("/web", "web-4", "TASK_RUNNING");
  scene_.answer_app(app_of_size("/web", 4));
  scene_.pass(Milliseconds(300));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].cause.text, "status_update_event /web TASK_RUNNING");
  EXPECT_EQ(scene_.offers[0].cause.event, event);
}

TEST_F(TrackerLogTest, ATaskThatEndsIsAnEventToo) {
  scene_.status("/web", "web-3", "TASK_KILLED");
  const TimePoint event = scene_.now;
  scene_.pass(Milliseconds(300));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].cause.event, event);
}

TEST_F(TrackerLogTest, AListByTheClockHasNoEvent) {
  scene_.pass(Milliseconds(60'000));
  scene_.answer_list(apps({app_of_size("/shop", 2), app_of_size("/web", 4)}));
  scene_.pass(Milliseconds(300));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].cause.text, "full sync: resync");
  EXPECT_EQ(scene_.offers[0].cause.event, std::nullopt);
}

TEST_F(TrackerLogTest, ListsThatFailForAnHourAreTwoLines) {
  scene_.send(SyncRequested{});
  for (int i = 0; i < 300; ++i) {
    scene_.fail_list("HTTP 503 of try " + std::to_string(i));
    scene_.send(EndpointPinged{"http://a", std::nullopt});
    scene_.send(EndpointPinged{"http://b", std::nullopt});
    scene_.pass(Milliseconds(12'000));
    ASSERT_FALSE(scene_.lists.empty());
    scene_.lists.erase(scene_.lists.begin(), scene_.lists.end() - 1);
  }
  EXPECT_THAT(scene_.log, HasSubstr("GET http://a/v2/apps: HTTP 503 of try 0; the routes stay as they are\n"));
  EXPECT_EQ(std::count(scene_.log.begin(), scene_.log.end(), '\n'), 1) << scene_.log;
  scene_.log.clear();
  scene_.answer_list(list_);
  EXPECT_THAT(scene_.log, testing::MatchesRegex("GET http://./v2/apps is answered again, after 6[0-9] min\n"));
  scene_.log.clear();
  scene_.pass(Milliseconds(60'000));
  scene_.answer_list(list_);
  EXPECT_EQ(scene_.log, "");
}

// The app's trouble was said, and nothing of the list's.
TEST_F(TrackerLogTest, TheEndOfATroubleThatWasNotSaidIsNotSaid) {
  scene_.status("/web", "web-9", "TASK_RUNNING");
  scene_.pass(Milliseconds(300));
  ASSERT_FALSE(scene_.fetches.empty());
  const FetchApp app = scene_.fetches.back();
  scene_.send(AppFetched{app.fetch, app.endpoint, app.app, tl::unexpected(Failure{"HTTP 503 of the app"})});
  EXPECT_THAT(scene_.log, HasSubstr("HTTP 503 of the app"));
  scene_.send(SyncRequested{});
  scene_.fail_list("HTTP 503 of the list");
  scene_.pass(Milliseconds(12'000));
  scene_.log.clear();
  scene_.answer_list(list_);
  EXPECT_THAT(scene_.log, testing::Not(HasSubstr("is answered again")));
}

TEST_F(TrackerLogTest, MarathonIsAwayWhenNoEndpointAnswersForSomeSecondsAndBackWithAList) {
  EXPECT_EQ(scene_.tracker.answers(), true);
  scene_.send(StreamFailed{"http://a", {"closed"}});
  ping_both(Failure{"refused"});
  EXPECT_EQ(scene_.tracker.answers(), true) << "not yet";
  EXPECT_EQ(scene_.tracker.silent_since(), scene_.now);
  scene_.pass(Milliseconds(2'999));
  scene_.send(TrackerTicked{});
  EXPECT_EQ(scene_.tracker.answers(), true);
  scene_.pass(Milliseconds(1));
  scene_.send(TrackerTicked{});
  EXPECT_EQ(scene_.tracker.answers(), false);
  ping_both(std::nullopt);
  EXPECT_EQ(scene_.tracker.silent_since(), std::nullopt);
  EXPECT_EQ(scene_.tracker.answers(), false) << "a ping is not what it is followed by";
  scene_.pass(Milliseconds(20'000));
  ASSERT_FALSE(scene_.lists.empty());
  scene_.answer_list(list_);
  EXPECT_EQ(scene_.tracker.answers(), true);
}

TEST_F(TrackerLogTest, OneThatAnswersPingsAloneIsNotAway) {
  for (int i = 0; i < 10; ++i) {
    ping_both(Failure{"HTTP 503"});
    scene_.pass(Milliseconds(2'000));
    ping_both(std::nullopt);
  }
  EXPECT_EQ(scene_.tracker.answers(), true);
}

TEST_F(TrackerLogTest, ANameThatDoesNotResolveIsToldOnceAndWhenItDoes) {
  scene_.send(NamesResolved{{}, {{"slave-1", "no answer"}}});
  EXPECT_EQ(scene_.log, "host name slave-1 does not resolve: no answer\n");
  scene_.send(NamesResolved{{}, {{"slave-1", "no answer"}, {"slave-2", "no answer"}}});
  EXPECT_EQ(scene_.log,
            "host name slave-1 does not resolve: no answer\nhost name slave-2 does not resolve: no answer\n");
  scene_.log.clear();
  scene_.send(NamesResolved{{{"slave-1", {"10.0.0.1"}}}, {}});
  EXPECT_EQ(scene_.log, "host name slave-1 resolves again\n");
  scene_.log.clear();
  scene_.send(NamesResolved{{{"slave-1", {"10.0.0.1"}}}, {{"slave-2", "no answer"}}});
  EXPECT_EQ(scene_.log, "");
  scene_.send(NamesResolved{{}, {{"slave-1", "no answer"}}});
  EXPECT_EQ(scene_.log, "host name slave-1 does not resolve: no answer\n");
}

TEST_F(TrackerLogTest, ARefusalNamesWhoRefusesAndIsToldOnceForAReason) {
  const auto refuse = [this](const std::string& why) {
    scene_.log.clear();
    const std::uint64_t offer = scene_.offers.back().offer;
    scene_.send(OfferRendered{offer, std::nullopt});
    scene_.send(OfferDecided{offer, Fate::kRejected, why, {"proxy-2", "proxy-3"}});
    const std::uint64_t trial = scene_.trials.back().trial;
    scene_.send(StateTried{trial, {TrialOutcome::Result::kFailed, "not now", {}}});
  };
  scene_.status("/web", "web-3", "TASK_KILLED");
  scene_.pass(Milliseconds(300));
  refuse("proxy-2: [emerg] no in /etc/nginx.conf:12");
  EXPECT_THAT(scene_.log, HasSubstr("the offered state was refused by proxy-2, proxy-3, it is offered again when "
                                    "something changes or in 30 s: proxy-2: [emerg] no in /etc/nginx.conf:12\n"));
  scene_.pass(Milliseconds(30'000));
  refuse("proxy-2: [emerg] no in /etc/nginx.conf:17");
  EXPECT_THAT(scene_.log, testing::Not(HasSubstr("offered state")));
  scene_.pass(Milliseconds(30'000));
  refuse("proxy-2: [emerg] another in /etc/nginx.conf:17");
  EXPECT_THAT(scene_.log, HasSubstr("another in /etc/nginx.conf:17"));
  scene_.pass(Milliseconds(30'000));
  scene_.commit();
  scene_.status("/web", "web-2", "TASK_KILLED");
  scene_.pass(Milliseconds(1'000));
  refuse("proxy-2: [emerg] another in /etc/nginx.conf:17");
  EXPECT_THAT(scene_.log, HasSubstr("another in /etc/nginx.conf:17")) << "it was accepted between";
}

// What may come in a moment is one line; why it does not come is another.
TEST_F(TrackerLogTest, WhyNoTaskOfAnAppIsServedIsTold) {
  const auto take = [this](MarathonApp ill) {
    ill.health_checks = 1;
    list_["/ill"] = std::move(ill);
    scene_.log.clear();
    scene_.send(SyncRequested{});
    scene_.answer_list(list_);
    scene_.pass(Milliseconds(1'000));
    return scene_.log;
  };
  const MarathonTask one = task("ill-1", "10.0.0.7", {31'001});
  const MarathonTask two = task("ill-2", "10.0.0.8", {31'001});
  EXPECT_THAT(take(app("/ill", {in_state(one, "TASK_STAGING"), in_state(two, "TASK_STAGING")})),
              HasSubstr("app /ill is left out: none of its 2 tasks runs yet\n"));
  const auto silent = testing::Not(HasSubstr("/ill"));
  EXPECT_THAT(take(app("/ill", {one, two})), silent) << "they come";
  EXPECT_THAT(take(app("/ill", {judged(one, {false}), two})), silent) << "one may still come";
  EXPECT_THAT(take(app("/ill", {judged(one, {false}), judged(two, {false})})),
              HasSubstr("app /ill is left out: none of its 2 tasks is healthy\n"));
  const MarathonTask three = judged(task("ill-3", "10.0.0.9", {31'001}), {false});
  EXPECT_THAT(take(app("/ill", {judged(one, {false}), judged(two, {false}), three})), silent) << "the same of 3";
  EXPECT_THAT(take(app("/ill", {in_state(one, "TASK_KILLING"), in_state(two, "TASK_KILLING")})),
              HasSubstr("app /ill is left out: none of its 2 tasks goes on running\n"));
  EXPECT_THAT(take(app("/ill", {})), HasSubstr("app /ill is left out: it has no instances\n"));
  EXPECT_THAT(take(app("/ill", {one, two})), silent);
  EXPECT_THAT(take(app("/ill", {judged(one, {true}), two})), silent) << "served";
}

}  // namespace
}  // namespace chorale::agent
