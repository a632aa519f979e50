// When states are offered, and what becomes of offers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TrackerOffersTest : public testing::Test {
 protected:
  void settle() { scene_.settle(list_); }
  void kill(const std::string& task) {
    scene_.status("/web", task, "TASK_KILLED");
    scene_.pass(Milliseconds(20));
  }
  MarathonApps list_ = apps({app_of_size("/api", 2), app_of_size("/web", 5)});
  TrackerScene scene_;
};

TEST_F(TrackerOffersTest, NothingIsOfferedBeforeAWholeListWasTaken) {
  scene_.send(TrackingBegun{state_of(list_), std::nullopt});
  EXPECT_EQ(scene_.opened, std::vector<std::string>{"http://a"});
  EXPECT_THAT(scene_.lists, IsEmpty());
  scene_.send(StreamAttached{"http://a"});
  ASSERT_THAT(scene_.lists, SizeIs(1));
  scene_.status("/web", "web-1", "TASK_KILLED");
  scene_.pass(Milliseconds(200));
  EXPECT_THAT(scene_.offers, IsEmpty());
  scene_.answer_list(list_);
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offered().find("10.0.0.1:31001", scene_.offered().find("/web")), std::string::npos)
      << "the kill came after the list was asked for";
}

TEST_F(TrackerOffersTest, AnUnchangedStateIsNotOffered) {
  settle();
  scene_.send(SyncRequested{});
  scene_.answer_list(list_);
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, IsEmpty());
}

TEST_F(TrackerOffersTest, WithoutACommittedStateEvenAnEqualOneIsNews) {
  scene_.send(TrackingBegun{std::nullopt, state_of(list_)});
  scene_.send(StreamAttached{"http://a"});
  scene_.answer_list(list_);
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].cause, "full sync: event stream attached");
}

TEST_F(TrackerOffersTest, OffersKeepTheirDistanceAndTheFirstGoesAtOnce) {
  settle();
  kill("web-1");
  ASSERT_THAT(scene_.offers, SizeIs(1));
  const TimePoint first = scene_.now;
  scene_.commit();
  kill("web-2");
  EXPECT_THAT(scene_.offers, SizeIs(1));
  kill("web-3");
  while (scene_.offers.size() < 2 && scene_.now < first + Milliseconds(1'000)) scene_.pass(Milliseconds(1));
  ASSERT_THAT(scene_.offers, SizeIs(2));
  EXPECT_EQ(scene_.now, first + Milliseconds(500));
  EXPECT_EQ(scene_.offers[1].cause, "status_update_event /web TASK_KILLED");
  EXPECT_THAT(scene_.offered(), HasSubstr("/web 10.0.0.4:31004 10.0.0.5:31005"));
}

TEST_F(TrackerOffersTest, OneOfferIsUnderWayAndTheNewestStateGoesNext) {
  settle();
  kill("web-1");
  kill("web-2");
  kill("web-3");
  scene_.pass(Milliseconds(5'000));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  scene_.commit();
  ASSERT_THAT(scene_.offers, SizeIs(2));
  EXPECT_THAT(scene_.offered(), HasSubstr("/web 10.0.0.4:31004 10.0.0.5:31005"));
}

TEST_F(TrackerOffersTest, ARejectedStateRestsUntilItChangesOrThirtySecondsPassed) {
  settle();
  kill("web-1");
  scene_.send(OfferDecided{scene_.offers[0].offer, Fate::kRejected, "proxy-2: invalid"});
  scene_.fetches.clear();
  scene_.pass(Milliseconds(29'900));
  EXPECT_THAT(scene_.offers, SizeIs(1));
  scene_.pass(Milliseconds(200));
  ASSERT_THAT(scene_.offers, SizeIs(2));
  EXPECT_EQ(*scene_.offers[1].state, *scene_.offers[0].state);
  EXPECT_EQ(scene_.offers[1].cause, "status_update_event /web TASK_KILLED");
  scene_.send(OfferDecided{scene_.offers[1].offer, Fate::kRejected, "proxy-2: invalid"});
  scene_.pass(Milliseconds(1'000));
  kill("web-2");
  EXPECT_THAT(scene_.offers, SizeIs(3));
}

TEST_F(TrackerOffersTest, ARejectedStateIsOfferedAtOnceWhenTheRefusalIsOutdated) {
  settle();
  kill("web-1");
  scene_.send(OfferDecided{scene_.offers[0].offer, Fate::kRejected, "proxy-2: invalid"});
  scene_.pass(Milliseconds(1'000));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  scene_.send(RefusalOutdated{});
  ASSERT_THAT(scene_.offers, SizeIs(2));
  EXPECT_EQ(*scene_.offers[1].state, *scene_.offers[0].state);
  scene_.log.clear();
  scene_.send(OfferDecided{scene_.offers[1].offer, Fate::kRejected, "proxy-2: invalid"});
  EXPECT_THAT(scene_.log, HasSubstr("the offered state was refused")) << "that it is refused still is news";
  scene_.pass(Milliseconds(29'000));
  EXPECT_THAT(scene_.offers, SizeIs(2)) << "once";
  scene_.send(RefusalOutdated{});
  scene_.commit();
  scene_.send(RefusalOutdated{});
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, SizeIs(3)) << "nothing is refused any more";
}

TEST_F(TrackerOffersTest, NewsThatLeaveARejectedStateAsItWasDoNotOfferIt) {
  settle();
  kill("web-1");
  scene_.send(OfferDecided{scene_.offers[0].offer, Fate::kRejected, "proxy-2: invalid"});
  scene_.pass(Milliseconds(1'000));
  scene_.lists.clear();
  scene_.send(SyncRequested{});
  list_["/web"].tasks.erase(list_["/web"].tasks.begin());
  scene_.answer_list(list_);
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, SizeIs(1));
}

TEST_F(TrackerOffersTest, AnAbandonedStateIsOfferedAgainWithLongerPauses) {
  settle();
  kill("web-1");
  for (int i = 0; i < 20; ++i) {
    scene_.send(OfferDecided{scene_.offers.back().offer, Fate::kAbandoned, "the store is away"});
    const std::size_t before = scene_.offers.size();
    scene_.pass(Milliseconds(499));
    EXPECT_EQ(scene_.offers.size(), before);
    scene_.pass(Milliseconds(4'501));
    EXPECT_EQ(scene_.offers.size(), before + 1);
  }
  EXPECT_EQ(scene_.offers.back().cause, "status_update_event /web TASK_KILLED");
}

TEST(TrackerOffersWithoutDistanceTest, AnAbandonedStateWaitsAllTheSame) {
  TrackerOptions options = TrackerScene::options();
  options.min_offer_interval = Milliseconds(0);
  TrackerScene scene(options);
  scene.settle(apps({app_of_size("/web", 2)}));
  scene.status("/web", "web-1", "TASK_KILLED");
  scene.pass(Milliseconds(100));
  ASSERT_THAT(scene.offers, SizeIs(1));
  scene.send(OfferDecided{scene.offers.back().offer, Fate::kAbandoned, "no agent can test it"});
  scene.pass(Milliseconds(400));
  EXPECT_THAT(scene.offers, SizeIs(1));
}

TEST_F(TrackerOffersTest, AFailedTemplateRestsUntilTheTemplateChanges) {
  settle();
  kill("web-1");
  scene_.send(OfferRendered{scene_.offers[0].offer, Failure{"nginx.conf.mustache:3: unknown variable"}});
  scene_.pass(Milliseconds(5'000));
  EXPECT_THAT(scene_.offers, SizeIs(1));
  scene_.send(TemplateChanged{0, {}, "template 0123456789ab pushed by jo"});
  ASSERT_THAT(scene_.offers, SizeIs(2));
  EXPECT_THAT(scene_.offers[1].cause.text, HasSubstr("template 0123456789ab pushed by jo"));
}

TEST_F(TrackerOffersTest, ATemplateChangeOffersAnEqualState) {
  settle();
  scene_.send(TemplateChanged{});
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].cause, "template changed");
  scene_.commit();
  scene_.pass(Milliseconds(5'000));
  EXPECT_THAT(scene_.offers, SizeIs(1));
}

TEST_F(TrackerOffersTest, AnswersOnTheirWayShareAnOffer) {
  settle();
  scene_.status("/new-1", "t", "TASK_RUNNING");
  scene_.status("/new-2", "t", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  ASSERT_THAT(scene_.fetches, SizeIs(2));
  scene_.answer_app(app_of_size("/new-1", 1));
  EXPECT_THAT(scene_.offers, IsEmpty());
  scene_.pass(Milliseconds(5));
  scene_.answer_app(app_of_size("/new-2", 1));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].cause, "status_update_event /new-1 TASK_RUNNING, and 1 other cause");
}

TEST_F(TrackerOffersTest, NewNamesAreResolvedBeforeTheOffer) {
  settle();
  MarathonApp web = app_of_size("/web", 5);
  web.tasks.push_back(task("web-6", "node-6", {31006}));
  scene_.status("/web", "web-6", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.answer_app(web);
  EXPECT_THAT(scene_.offers, IsEmpty());
  ASSERT_THAT(scene_.questions, SizeIs(1));
  scene_.pass(Milliseconds(3));
  scene_.send(NamesResolved{{{"node-6", {"10.0.0.6"}}}, {}});
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_THAT(scene_.offered(), HasSubstr("10.0.0.6:31006"));
}

TEST_F(TrackerOffersTest, ANameThatDoesNotResolveLeavesItsTaskOutAndIsNamed) {
  settle();
  MarathonApp web = app_of_size("/web", 5);
  web.tasks[0] = task("web-6", "node-6", {31006});
  scene_.status("/web", "web-6", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.answer_app(web);
  scene_.send(NamesResolved{{}, {{"node-6", "no such name"}}});
  ASSERT_THAT(scene_.offers, SizeIs(1));
  ASSERT_THAT(scene_.tracker.exclusions(), SizeIs(1));
  EXPECT_EQ(scene_.tracker.exclusions()[0],
            (Exclusion{"/web", "web-6", "host name node-6 does not resolve", Exclusion::Kind::kUnresolved}));
}

TEST_F(TrackerOffersTest, ANewLeaderWithoutDnsServesItsPredecessorsAddresses) {
  scene_.send(TrackingBegun{state_of(list_), std::nullopt});
  scene_.send(StreamAttached{"http://a"});
  MarathonApps named = list_;
  for (auto& [id, each] : named) {
    for (std::size_t i = 0; i < each.tasks.size(); ++i) each.tasks[i].host = "node-" + std::to_string(i + 1);
  }
  scene_.answer_list(named);
  scene_.send(NamesResolved{{}, {{"node-1", "timed out"}, {"node-2", "timed out"}}});
  scene_.pass(Milliseconds(10'000));
  ASSERT_THAT(scene_.offers, SizeIs(1)) << "a leadership begins with an offer";
  EXPECT_EQ(*scene_.offers[0].state, state_of(list_));
}

TEST_F(TrackerOffersTest, ARejectionIsLoggedAndOtherFatesAreNot) {
  settle();
  kill("web-1");
  scene_.log.clear();
  scene_.send(OfferDecided{scene_.offers[0].offer, Fate::kAbandoned, "the store is away"});
  EXPECT_EQ(scene_.log, "");
  scene_.pass(Milliseconds(1'000));
  ASSERT_THAT(scene_.offers, SizeIs(2));
  scene_.send(OfferDecided{scene_.offers[1].offer, Fate::kRejected, "proxy-2: invalid"});
  EXPECT_THAT(scene_.log, HasSubstr("refused"));
  EXPECT_THAT(scene_.log, HasSubstr("proxy-2: invalid\n"));
  scene_.log.clear();
  kill("web-2");
  scene_.pass(Milliseconds(1'000));
  scene_.commit();
  EXPECT_EQ(scene_.log, "");
}

TEST_F(TrackerOffersTest, WhatIsCommittedIsTheGuardsBaseline) {
  scene_.settle(apps({app_of_size("/api", 2)}));
  MarathonApps grown;
  for (int i = 0; i < 4; ++i) {
    std::string id = "/app-" + std::to_string(i);
    grown.emplace(id, app_of_size(id, 2));
  }
  MarathonApps all = grown;
  all.emplace("/api", app_of_size("/api", 2));
  const auto sync = [this](const MarathonApps& list) {
    scene_.lists.clear();
    scene_.send(SyncRequested{});
    scene_.answer_list(list);
    scene_.pass(Milliseconds(1'000));
  };
  sync(all);
  scene_.send(OfferDecided{scene_.offers.back().offer, Fate::kRejected, "proxy-2: invalid"});
  sync(apps({app_of_size("/api", 2)}));
  EXPECT_EQ(scene_.tracker.trouble(), std::nullopt) << "only what is committed counts";
  scene_.commit();
  sync(all);
  scene_.commit();
  sync(apps({app_of_size("/api", 2)}));
  EXPECT_THAT(scene_.tracker.trouble().value().message, HasSubstr("lists 1 of 5 apps"));
}

TEST_F(TrackerOffersTest, AnAddressThatChangesMovesNoRunningTask) {
  settle();
  list_["/web"].tasks.push_back(task("web-6", "node-1", {31006}));
  scene_.send(SyncRequested{});
  scene_.answer_list(list_);
  scene_.send(NamesResolved{{{"node-1", {"10.0.0.6"}}}, {}});
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offered(), HasSubstr("10.0.0.6:31006"));
  scene_.commit();
  scene_.pass(Milliseconds(1'000));
  scene_.forget();
  scene_.send(NamesResolved{{{"node-1", {"10.0.0.7"}}}, {}});
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, IsEmpty());
  EXPECT_THAT(scene_.tracker.name_trouble().value_or(Failure{}).message, HasSubstr("node-1 resolves to 10.0.0.7"));
}

TEST_F(TrackerOffersTest, OnlyAHostNameTakesItsPredecessorsAddress) {
  settle();
  list_["/web"].tasks[0].host = "no de;";
  scene_.event("api_post_event", "/web");
  scene_.pass(Milliseconds(250));
  scene_.answer_app(list_["/web"]);
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offered(), testing::EndsWith("/web 10.0.0.2:31002 10.0.0.3:31003 10.0.0.4:31004 10.0.0.5:31005"));
}

}  // namespace
}  // namespace chorale::agent
