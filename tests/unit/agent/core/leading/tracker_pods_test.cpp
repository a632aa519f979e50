// Pods beside apps: when they are asked for, how their answers join the list, and what an error may not do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/tracker_pods_scene.h"

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST_F(TrackerPodsTest, ComeWithTheListAndAreOfferedWithIt) {
  scene_.send(TrackingBegun{});
  scene_.send(StreamAttached{"http://a"});
  ASSERT_THAT(scene_.pod_lists, SizeIs(1));
  EXPECT_EQ(scene_.pod_lists[0].endpoint, "http://a");
  scene_.answer_list(kApi);
  EXPECT_EQ(scene_.offered(), "none") << "what is offered first is whole";
  list_pods({pod_of_size("/pod", 2)});
  EXPECT_EQ(scene_.offered(), kBoth);
  scene_.commit();
  scene_.forget();
  scene_.pass(Milliseconds(60'000));
  EXPECT_THAT(scene_.lists, SizeIs(1));
  EXPECT_THAT(scene_.pod_lists, SizeIs(1)) << "one more small request with each list";
}

TEST_F(TrackerPodsTest, WaitForTheListWhereTheyAreFirst) {
  scene_.send(TrackingBegun{});
  scene_.send(StreamAttached{"http://a"});
  list_pods({pod_of_size("/pod", 2)});
  EXPECT_EQ(scene_.offered(), "none");
  scene_.answer_list(kApi);
  EXPECT_EQ(scene_.offered(), kBoth);
}

TEST_F(TrackerPodsTest, AreTakenAloneWhereTheListFails) {
  settle({pod_of_size("/pod", 2)});
  sync();
  list_pods({pod_of_size("/pod", 3)});
  EXPECT_THAT(scene_.offers, IsEmpty());
  scene_.fail_list("HTTP 503");
  scene_.pass(Milliseconds(200));
  EXPECT_EQ(scene_.offered(), kBoth + " 10.1.0.3:32003");
}

TEST_F(TrackerPodsTest, AListWaitsHalfASecondForThemAndOnlyOnce) {
  settle({pod_of_size("/pod", 2)});
  sync();
  scene_.answer_list(apps({app_of_size("/api", 2)}));
  scene_.pass(Milliseconds(499));
  EXPECT_THAT(scene_.offers, IsEmpty());
  scene_.pass(Milliseconds(201));
  EXPECT_EQ(scene_.offered(), "/api 10.0.0.1:31001 10.0.0.2:31002 | /pod 10.1.0.1:32001 10.1.0.2:32002");
  scene_.commit();
  scene_.pass(Milliseconds(1'000));
  scene_.send(SyncRequested{});
  scene_.offers.clear();
  scene_.answer_list(apps({app_of_size("/api", 1)}));
  scene_.pass(Milliseconds(200));
  EXPECT_EQ(scene_.offered(), kBoth) << "they are known to be late";
  scene_.commit();
  scene_.offers.clear();
  list_pods({pod_of_size("/pod", 3)});
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offered(), kBoth + " 10.1.0.3:32003") << "late, but theirs";
  scene_.commit();
  list_pods({pod_of_size("/pod", 3)});  // the second sync asked for them as well
  scene_.pass(Milliseconds(1'000));
  scene_.forget();
  sync();
  scene_.answer_list(kApi);
  scene_.pass(Milliseconds(400));
  EXPECT_EQ(scene_.tracker.next_deadline() <= scene_.now + Milliseconds(100), true) << "waited for again";
}

TEST_F(TrackerPodsTest, AnErrorKeepsThemAndIsSaidOnceWhileAppsGoOn) {
  settle({pod_of_size("/pod", 2)});
  sync();
  fail_pods("GET http://a/v2/pods::status: HTTP 500");
  scene_.answer_list(apps({app_of_size("/api", 2)}));
  scene_.pass(Milliseconds(200));
  EXPECT_EQ(scene_.offered(), "/api 10.0.0.1:31001 10.0.0.2:31002 | /pod 10.1.0.1:32001 10.1.0.2:32002");
  scene_.commit();
  EXPECT_EQ(trouble(), "GET http://a/v2/pods::status: HTTP 500");
  EXPECT_TRUE(scene_.tracker.endpoints().front().healthy) << "apps are asked for there as before";
  scene_.pass(Milliseconds(1'000));
  fail_pods("GET http://a/v2/pods::status: HTTP 503");
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.log.find("stay routed"), scene_.log.rfind("stay routed")) << scene_.log;
  EXPECT_THAT(scene_.log, HasSubstr("GET http://a/v2/pods::status: HTTP 500; pods stay routed as they are"));
  scene_.offers.clear();
  scene_.pass(Milliseconds(10'000));
  ASSERT_THAT(scene_.pod_lists, SizeIs(1)) << "asked again at growing intervals";
  list_pods({pod_of_size("/pod", 1)});
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offered(), "/api 10.0.0.1:31001 10.0.0.2:31002 | /pod 10.1.0.1:32001");
  EXPECT_EQ(trouble(), "");
  EXPECT_THAT(scene_.log, HasSubstr("/v2/pods::status is answered again"));
}

// A new leader knows them from the routes alone: no list of apps may take them away.
TEST_F(TrackerPodsTest, ANewLeaderKeepsThemUntilTheyHaveAnswered) {
  const MarathonApp old = app("/old", {task("old.instance-1._app.1", "10.0.0.9", {31'009})});
  const MarathonApps served = apps({app_of_size("/api", 1), old, pod_of_size("/pod", 2)});
  scene_.send(TrackingBegun{state_of(served), std::nullopt});
  scene_.send(StreamAttached{"http://a"});
  fail_pods("HTTP 500");
  scene_.answer_list(kApi);
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offered(), kBoth) << "an app that is not listed is gone as ever";
  scene_.commit();
  answer_pods(std::optional<MarathonApps>());
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offers.size(), 1U) << "and no Marathon that has none";
  EXPECT_THAT(trouble(), HasSubstr("HTTP 500"));
  scene_.pass(Milliseconds(10'000));
  list_pods({});
  scene_.pass(Milliseconds(30'000));
  EXPECT_EQ(scene_.offered(), kBoth) << "they vanish without a word: a whole list has to say the same";
}

TEST_F(TrackerPodsTest, AMarathonThatHasNoneIsAskedOncePerStream) {
  scene_.send(TrackingBegun{});
  scene_.send(StreamAttached{"http://a"});
  answer_pods(std::optional<MarathonApps>());
  scene_.answer_list(kApi);
  EXPECT_EQ(scene_.offered(), "/api 10.0.0.1:31001");
  EXPECT_EQ(trouble(), "");
  EXPECT_THAT(scene_.log, HasSubstr("Marathon at http://a has no pods"));
  scene_.commit();
  scene_.forget();
  scene_.pass(Milliseconds(61'000));
  EXPECT_THAT(scene_.lists, SizeIs(1));
  scene_.event("pod_created_event", "");
  scene_.status("/pod", "pod.instance-1.c", "TASK_RUNNING");
  scene_.pass(Milliseconds(1'000));
  ASSERT_THAT(scene_.fetches, SizeIs(1));
  scene_.answer_app(std::nullopt);
  scene_.answer_list(kApi);
  scene_.pass(Milliseconds(50'000));
  EXPECT_THAT(scene_.pod_lists, IsEmpty());
  scene_.send(StreamFailed{"http://a", Failure{"closed"}});
  scene_.pass(Milliseconds(1'000));
  scene_.send(StreamAttached{scene_.opened.back()});
  EXPECT_THAT(scene_.pod_lists, SizeIs(1)) << "it may be another Marathon than before";
}

TEST_F(TrackerPodsTest, ALossThatIsRepeatedWithTheListPasses) {
  settle({pod_of_size("/pod", 3)});
  sync();
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(scene_.pod_lists, SizeIs(1)) << i;
    if (i == 1) scene_.answer_list(kApi);
    list_pods({});
    if (i != 1) scene_.answer_list(kApi);
    scene_.pass(Milliseconds(i == 1 ? 6'000 : 5'000));
    if (i == 2) break;
    EXPECT_THAT(scene_.offers, IsEmpty()) << i;
    EXPECT_THAT(trouble(), HasSubstr("lists 1 of 2 apps, 1 of 4 servers")) << i;
  }
  EXPECT_EQ(scene_.offered(), "/api 10.0.0.1:31001");
}

TEST_F(TrackerPodsTest, ALossOfAlmostAllNeverPassesWhicheverAnswerComesLast) {
  settle({pod_of_size("/pod", 30)});
  sync();
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(scene_.pod_lists, SizeIs(1)) << i;
    if (i % 2 == 0) scene_.answer_list(kApi);
    list_pods({});
    if (i % 2 != 0) scene_.answer_list(kApi);
    scene_.pass(Milliseconds(10'000));
    EXPECT_THAT(trouble(), HasSubstr("1 of 31 servers")) << i;
  }
  EXPECT_THAT(scene_.offers, IsEmpty());
}

// Alone they are no repetition, however often they are answered.
TEST_F(TrackerPodsTest, ALossInPodsAloneAsksForAWholeList) {
  settle({pod_of_size("/pod", 3)});
  for (int i = 0; i < 3; ++i) {
    scene_.event("pod_updated_event", "");
    scene_.pass(Milliseconds(250));
    ASSERT_THAT(scene_.pod_lists, SizeIs(1));
    EXPECT_THAT(scene_.lists, IsEmpty());
    list_pods({pod_of_size("/new", 1)});
    scene_.pass(Milliseconds(300));
    EXPECT_THAT(scene_.offered(), HasSubstr("/pod 10.1.0.1:32001 10.1.0.2:32002 10.1.0.3:32003"));
    EXPECT_THAT(scene_.offered(), HasSubstr("/new 10.1.0.1:32001"));
  }
  EXPECT_THAT(scene_.log, HasSubstr("pods lost most of what is served without a word"));
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.lists, SizeIs(1));
  EXPECT_THAT(scene_.pod_lists, SizeIs(1));
}

// The list of pods was on its way when a newer answer and an event came.
TEST_F(TrackerPodsTest, WhatIsNewerHoldsAgainstTheirList) {
  settle({pod_of_size("/gone", 1), pod_of_size("/pod", 2)});
  scene_.event("pod_updated_event", "");
  scene_.pass(Milliseconds(250));
  scene_.status("/pod", "pod.instance-3.web", "TASK_RUNNING");
  scene_.event("app_terminated_event", "/gone");
  scene_.pass(Milliseconds(300));
  scene_.commit();
  answer_pod(pod_of_size("/pod", 3));
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offered(), kBoth + " 10.1.0.3:32003");
  scene_.commit();
  list_pods({pod_of_size("/gone", 1), pod_of_size("/pod", 2)});
  scene_.pass(Milliseconds(2'000));
  EXPECT_EQ(scene_.offered(), kBoth + " 10.1.0.3:32003");
}

// An answer about one pod began before a list of apps that had to do without pods.
TEST_F(TrackerPodsTest, AListWithoutTheirAnswerMakesNoneOfTheirsOld) {
  settle({pod_of_size("/pod", 1)});
  scene_.status("/pod", "pod.instance-2.web", "TASK_RUNNING");
  scene_.pass(Milliseconds(200));
  sync();
  fail_pods("HTTP 500");
  scene_.answer_list(kApi);
  answer_pod(pod_of_size("/pod", 2));
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offered(), kBoth);
}

TEST_F(TrackerPodsTest, AnAppsNewerAnswerIsNotBroughtBackByTheirList) {
  settle({pod_of_size("/pod", 1)});
  scene_.event("pod_updated_event", "");
  scene_.pass(Milliseconds(250));
  scene_.status("/new", "new-1", "TASK_RUNNING");
  scene_.pass(Milliseconds(100));
  scene_.answer_app(app_of_size("/new", 1));
  scene_.send(SyncRequested{});
  list_pods({pod_of_size("/pod", 1)});
  scene_.answer_list(kApi);
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offered(), Not(HasSubstr("/new")));
}

TEST_F(TrackerPodsTest, ThoseThatFailAreNotAskedForWithEveryList) {
  settle({pod_of_size("/pod", 2)});
  sync();
  fail_pods("HTTP 500");
  scene_.answer_list(kApi);
  scene_.pass(Milliseconds(200));
  scene_.send(SyncRequested{});
  EXPECT_THAT(scene_.lists, SizeIs(1));
  EXPECT_THAT(scene_.pod_lists, IsEmpty());
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.pod_lists, SizeIs(1)) << "when its time has come";
}

// Their list was on its way the longest, beyond a list of apps that had to do without.
TEST_F(TrackerPodsTest, AListThatIsLateDoesNotUndoWhatIsNewer) {
  settle({pod_of_size("/pod", 2)});
  scene_.event("pod_updated_event", "");
  scene_.pass(Milliseconds(250));
  scene_.status("/pod", "pod.instance-3.web", "TASK_RUNNING");
  scene_.pass(Milliseconds(100));
  answer_pod(pod_of_size("/pod", 3));
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offered(), kBoth + " 10.1.0.3:32003");
  scene_.commit();
  scene_.send(SyncRequested{});
  scene_.answer_list(kApi);
  scene_.pass(Milliseconds(600));
  list_pods({pod_of_size("/pod", 2)});
  scene_.pass(Milliseconds(2'000));
  EXPECT_EQ(scene_.offered(), kBoth + " 10.1.0.3:32003");
}

TEST_F(TrackerPodsTest, AnOlderAnswerAboutOneDoesNotUndoTheirList) {
  settle({pod_of_size("/pod", 2)});
  scene_.status("/pod", "pod.instance-3.web", "TASK_RUNNING");
  scene_.pass(Milliseconds(100));
  sync();
  list_pods({pod_of_size("/pod", 3)});
  scene_.answer_list(kApi);
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offered(), kBoth + " 10.1.0.3:32003");
  scene_.commit();
  answer_pod(pod_of_size("/pod", 2));
  scene_.pass(Milliseconds(2'000));
  EXPECT_EQ(scene_.offered(), kBoth + " 10.1.0.3:32003");
}

// Of a pool that is told to leave them out.
TEST(TrackerWithoutPodsTest, NeverAsksForThem) {
  TrackerScene scene;
  const MarathonApps list = apps({app_of_size("/api", 1)});
  scene.settle(list);
  scene.event("pod_created_event", "");
  scene.send(SyncRequested{});
  scene.answer_list(list);
  scene.send(StreamFailed{"http://a", Failure{"closed"}});
  scene.pass(Milliseconds(1'000));
  scene.send(StreamAttached{scene.opened.back()});
  scene.pass(Milliseconds(1'000));
  EXPECT_THAT(scene.pod_lists, IsEmpty());
}

TEST(TrackerWithoutPodsTest, LetsThoseGoThatAreServed) {
  TrackerScene scene;
  scene.send(TrackingBegun{state_of(apps({app_of_size("/api", 3), pod_of_size("/pod", 1)})), std::nullopt});
  scene.send(StreamAttached{"http://a"});
  scene.answer_list(apps({app_of_size("/api", 3)}));
  scene.pass(Milliseconds(1'000));
  EXPECT_EQ(scene.offered(), "/api 10.0.0.1:31001 10.0.0.2:31002 10.0.0.3:31003");
}

}  // namespace
}  // namespace chorale::agent
