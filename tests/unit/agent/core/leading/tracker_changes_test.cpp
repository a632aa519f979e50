// What a change in Marathon costs, and how soon it is offered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Milliseconds kLong{30'000};

class TrackerChangesTest : public testing::Test {
 protected:
  TrackerChangesTest() { scene_.settle(list_); }
  MarathonApps list_ = apps({app_of_size("/api", 2), app_of_size("/shop", 2), app_of_size("/web", 3)});
  TrackerScene scene_;
};

TEST_F(TrackerChangesTest, ThreeTasksOfANewAppAreOneFetchAndOneOffer) {
  scene_.event("group_change_success", "");
  scene_.event("api_post_event", "/new");
  scene_.event("deployment_info", "");
  for (const char* task : {"new-1", "new-2", "new-3"}) {
    scene_.status("/new", task, "TASK_STAGING");
    scene_.status("/new", task, "TASK_RUNNING");
    scene_.event("instance_changed_event", "/new", task, "Running");
  }
  scene_.pass(Milliseconds(20));
  ASSERT_THAT(scene_.fetches, SizeIs(1));
  EXPECT_EQ(scene_.fetches[0].app, "/new");
  scene_.pass(Milliseconds(5));
  scene_.answer_app(app_of_size("/new", 3));
  ASSERT_THAT(scene_.offers, SizeIs(1)) << "at once";
  EXPECT_THAT(scene_.offered(), HasSubstr("/new 10.0.0.1:31001 10.0.0.2:31002 10.0.0.3:31003"));
  EXPECT_EQ(scene_.offers[0].cause, "status_update_event /new TASK_RUNNING");
  scene_.commit();
  scene_.event("deployment_success", "");
  scene_.pass(kLong);
  EXPECT_EQ(scene_.requests(), 0U);
  EXPECT_THAT(scene_.offers, SizeIs(1));
}

TEST_F(TrackerChangesTest, TheEndOfADeploymentEndsItsBurst) {
  scene_.status("/new", "new-1", "TASK_RUNNING");
  ASSERT_THAT(scene_.fetches, IsEmpty());
  scene_.event("deployment_success", "");
  ASSERT_THAT(scene_.fetches, SizeIs(1)) << "nothing more is on its way";
  scene_.answer_app(app_of_size("/new", 1));
  EXPECT_THAT(scene_.offers, SizeIs(1));
}

TEST_F(TrackerChangesTest, TheEndOfARemovalIsOfferedAtOnce) {
  scene_.event("app_terminated_event", "/web");
  ASSERT_THAT(scene_.offers, IsEmpty());
  scene_.event("deployment_success", "");
  EXPECT_THAT(scene_.offers, SizeIs(1));
}

TEST_F(TrackerChangesTest, DeploymentsThatEndOneAfterAnotherGather) {
  scene_.event("deployment_success", "");
  scene_.pass(Milliseconds(100));
  scene_.status("/new", "new-1", "TASK_RUNNING");
  scene_.event("deployment_success", "");
  EXPECT_THAT(scene_.fetches, IsEmpty());
  scene_.pass(Milliseconds(20));
  EXPECT_THAT(scene_.fetches, SizeIs(1));
  scene_.pass(Milliseconds(400));
  scene_.status("/newer", "newer-1", "TASK_RUNNING");
  scene_.event("deployment_success", "");
  EXPECT_THAT(scene_.fetches, SizeIs(2));
}

TEST_F(TrackerChangesTest, ATaskThatRunsLaterIsAskedForAgain) {
  scene_.status("/web", "web-4", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.answer_app(app_of_size("/web", 4));
  scene_.commit();
  scene_.status("/web", "web-5", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  EXPECT_THAT(scene_.fetches, SizeIs(1));
}

TEST_F(TrackerChangesTest, ARoutedTaskThatRunsAgainIsNoNews) {
  scene_.status("/web", "web-1", "TASK_RUNNING");
  scene_.event("health_status_changed_event", "/web", "web-1", "", true);
  scene_.event("failed_health_check_event", "/web", "web-1");
  scene_.event("status_update_event", "/web", "web-4", "TASK_STAGING");
  scene_.pass(kLong);
  EXPECT_EQ(scene_.requests(), 0U);
}

TEST_F(TrackerChangesTest, AnEventDuringTheFetchCostsAnotherOnlyIfTheAnswerDoesNotShowIt) {
  scene_.status("/web", "web-4", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.status("/web", "web-5", "TASK_RUNNING");
  scene_.answer_app(app_of_size("/web", 5));
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.requests(), 0U) << "shown";

  scene_.status("/web", "web-6", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.status("/web", "web-7", "TASK_RUNNING");
  scene_.answer_app(app_of_size("/web", 6));
  scene_.pass(Milliseconds(20));
  EXPECT_THAT(scene_.fetches, SizeIs(1)) << "not shown";
}

TEST_F(TrackerChangesTest, AKilledTaskIsDroppedBeforeMarathonIsAsked) {
  scene_.status("/web", "web-1", "TASK_KILLING");
  scene_.pass(Milliseconds(20));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.requests(), 0U);
  EXPECT_THAT(scene_.offered(), HasSubstr("/web 10.0.0.2:31002 10.0.0.3:31003"));
  EXPECT_EQ(scene_.offers[0].cause, "status_update_event /web TASK_KILLING");
  scene_.commit();
  scene_.status("/web", "web-1", "TASK_KILLED");
  scene_.pass(Milliseconds(250));
  ASSERT_THAT(scene_.fetches, SizeIs(1)) << "confirms";
  MarathonApp two = app_of_size("/web", 3);
  two.tasks.erase(two.tasks.begin());
  scene_.answer_app(two);
  scene_.pass(kLong);
  EXPECT_EQ(scene_.requests(), 0U);
  EXPECT_THAT(scene_.offers, SizeIs(1));
}

TEST_F(TrackerChangesTest, AKillDuringAFetchHoldsAgainstItsAnswer) {
  scene_.status("/web", "web-4", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.status("/web", "web-1", "TASK_KILLED");
  scene_.answer_app(app_of_size("/web", 4));
  EXPECT_THAT(scene_.offered(), HasSubstr("/web 10.0.0.2:31002 10.0.0.3:31003 10.0.0.4:31004"));
}

TEST_F(TrackerChangesTest, DestroyingAnAppCostsNoRequest) {
  scene_.event("group_change_success", "");
  for (const char* task : {"web-1", "web-2", "web-3"}) scene_.status("/web", task, "TASK_KILLED");
  scene_.event("app_terminated_event", "/web");
  scene_.event("deployment_success", "");
  scene_.pass(Milliseconds(20));
  EXPECT_EQ(scene_.offered(), "/api 10.0.0.1:31001 10.0.0.2:31002 | /shop 10.0.0.1:31001 10.0.0.2:31002");
  scene_.commit();
  scene_.pass(kLong);
  EXPECT_EQ(scene_.requests(), 0U);
  EXPECT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.tracker.trouble(), std::nullopt);
}

TEST_F(TrackerChangesTest, TheLastAppCanBeDestroyed) {
  for (const char* id : {"/api", "/shop", "/web"}) scene_.event("app_terminated_event", id);
  scene_.pass(Milliseconds(20));
  EXPECT_EQ(scene_.offered(), "");
  scene_.commit();
  scene_.send(SyncRequested{});
  scene_.answer_list({});
  EXPECT_EQ(scene_.tracker.trouble(), std::nullopt);
}

TEST_F(TrackerChangesTest, ALabelChangeWithoutTaskEventsIsFetchedSoon) {
  scene_.event("api_post_event", "/web");
  scene_.event("group_change_success", "");
  scene_.pass(Milliseconds(249));
  EXPECT_EQ(scene_.requests(), 0U);
  scene_.pass(Milliseconds(1));
  ASSERT_THAT(scene_.fetches, SizeIs(1));
  MarathonApp web = app_of_size("/web", 3);
  web.labels["subdomain"] = "www";
  scene_.answer_app(web);
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].cause, "api_post_event /web");
  scene_.commit();
  scene_.pass(kLong);
  EXPECT_EQ(scene_.requests(), 0U);
}

TEST_F(TrackerChangesTest, TaskEventsMakeTheFetchOfAnEditUnnecessary) {
  scene_.event("api_post_event", "/web");
  scene_.pass(Milliseconds(100));
  scene_.status("/web", "web-4", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.answer_app(app_of_size("/web", 4));
  scene_.commit();
  scene_.pass(kLong);
  EXPECT_EQ(scene_.requests(), 0U);
}

TEST_F(TrackerChangesTest, AGroupChangeThatNoOtherEventExplainsIsOneList) {
  scene_.event("group_change_success", "");
  scene_.event("group_change_success", "");
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.lists, SizeIs(1));
  EXPECT_THAT(scene_.fetches, IsEmpty());
}

TEST_F(TrackerChangesTest, HealthFlipsAreFetchedOnceForBothOfTheirEvents) {
  MarathonApp web = app_of_size("/web", 3);
  web.health_checks = 1;
  for (MarathonTask& each : web.tasks) each.health = {{each.id != "web-1"}};
  scene_.event("health_status_changed_event", "/web", "web-1", "", false);
  scene_.event("instance_health_changed_event", "/web", "web-1", "", false);
  scene_.pass(Milliseconds(20));
  ASSERT_THAT(scene_.fetches, SizeIs(1));
  scene_.event("instance_health_changed_event", "/web", "web-1", "", false);
  scene_.answer_app(web);
  EXPECT_THAT(scene_.offered(), HasSubstr("/web 10.0.0.2:31002 10.0.0.3:31003"));
  scene_.event("health_status_changed_event", "/web", "web-1", "", false);
  scene_.pass(kLong);
  EXPECT_EQ(scene_.requests(), 0U);
}

TEST_F(TrackerChangesTest, UnreadableEventsAreOneList) {
  for (int i = 0; i < 5; ++i) scene_.event("unreadable", "");
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.lists, SizeIs(1));
}

TEST_F(TrackerChangesTest, HostsThatAreLeftOutAreCountedOnce) {
  MarathonApp invalid = app_of_size("/invalid", 1);
  invalid.labels["subdomain"] = "ok a;b c;d";
  MarathonApp duplicate = app_of_size("/zzz", 1);
  duplicate.labels["subdomain"] = "zzz ok";
  list_ = apps({std::move(invalid), std::move(duplicate), app_of_size("/api", 2), app_of_size("/shop", 2),
                app_of_size("/web", 3)});
  for (int i = 0; i < 2; ++i) {
    scene_.send(SyncRequested{});
    scene_.answer_list(list_);
    scene_.pass(Milliseconds(1'000));
  }
  EXPECT_EQ(scene_.invalid_hosts, 2U);
  EXPECT_EQ(scene_.duplicate_hosts, 1U);
}

TEST_F(TrackerChangesTest, ManyAppsAtOnceAreOneList) {
  for (int i = 0; i < 25; ++i) scene_.status("/new-" + std::to_string(i), "t", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  EXPECT_THAT(scene_.lists, SizeIs(1));
  EXPECT_THAT(scene_.fetches, IsEmpty());
}

TEST_F(TrackerChangesTest, WordsOfStrangersCannotForgeACause) {
  scene_.status("/evil\nline", "t", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  MarathonApp evil = app_of_size("/evil", 1);
  evil.id = "/evil\nline";
  scene_.answer_app(evil);
  scene_.status("/web", "web-1", "TASK_KILLED");
  scene_.pass(Milliseconds(20));
  ASSERT_THAT(scene_.offers, testing::Not(IsEmpty()));
  EXPECT_THAT(scene_.offers.back().cause.text, testing::Not(HasSubstr("\n")));
  EXPECT_THAT(scene_.log, HasSubstr("app /evil\\x0aline is left out: its id"));
}

TEST_F(TrackerChangesTest, InvalidHostsAloneAreCountedToo) {
  list_["/web"].labels["subdomain"] = "ok a;b";
  scene_.send(SyncRequested{});
  scene_.answer_list(list_);
  EXPECT_EQ(scene_.invalid_hosts, 1U);
  EXPECT_EQ(scene_.duplicate_hosts, 0U);
}

TEST_F(TrackerChangesTest, OnlyTheFirstTenAppsThatAreLeftOutAreLogged) {
  const auto logged = [this](int bad) {
    scene_.log.clear();
    for (int i = 0; i < bad; ++i) {
      const std::string id = "/bad-" + std::to_string(bad) + "-" + std::to_string(i);
      list_[id] = app_of_size(id, 1);
      list_[id].labels["x"] = "$";
    }
    scene_.send(SyncRequested{});
    scene_.answer_list(list_);
    scene_.pass(Milliseconds(1'000));
    scene_.commit();
    return std::count(scene_.log.begin(), scene_.log.end(), '\n');
  };
  EXPECT_EQ(logged(10), 10) << scene_.log;
  EXPECT_EQ(logged(12), 11) << scene_.log;
  EXPECT_THAT(scene_.log, HasSubstr("2 more apps are not served in full\n"));
}

TEST_F(TrackerChangesTest, AnEventOfAnAppSpeaksForItsGroup) {
  scene_.event("group_change_success", "");
  scene_.status("/web", "web-1", "TASK_RUNNING");
  scene_.pass(kLong);
  EXPECT_EQ(scene_.requests(), 0U);
}

TEST_F(TrackerChangesTest, AGroupEditedASecondAfterAnAppIsAskedFor) {
  scene_.event("api_post_event", "/unknown");
  scene_.pass(Milliseconds(1'000));
  scene_.event("group_change_success", "");
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.lists, SizeIs(1));
}

TEST_F(TrackerChangesTest, ADeploymentThatEndsHalfASecondAfterAnotherEndsItsBurst) {
  scene_.event("deployment_success", "");
  scene_.pass(Milliseconds(500));
  scene_.status("/new", "new-1", "TASK_RUNNING");
  scene_.event("deployment_success", "");
  EXPECT_THAT(scene_.fetches, SizeIs(1));
}

TEST_F(TrackerChangesTest, TheEndOfAnUnknownTaskCostsNothing) {
  scene_.status("/web", "web-9", "TASK_KILLED");
  scene_.pass(kLong);
  EXPECT_EQ(scene_.requests(), 0U);
}

TEST_F(TrackerChangesTest, ATaskEndsUnderTheIdOfItsInstance) {
  MarathonApp web = app_of_size("/web", 2);
  web.tasks[0].id = "web.instance-1._app.1";
  list_["/web"] = web;
  scene_.send(SyncRequested{});
  scene_.answer_list(list_);
  scene_.pass(Milliseconds(1'000));
  scene_.commit();
  scene_.event("unhealthy_instance_kill_event", "/web", "web.instance-1");
  scene_.pass(Milliseconds(500));
  EXPECT_THAT(scene_.offered(), testing::EndsWith("/web 10.0.0.2:31002"));
}

TEST_F(TrackerChangesTest, ATaskThatRunsIsShownAsSoonAsItIsListedAndOneThatIsAliveByItsResult) {
  MarathonApp web = app_of_size("/web", 4);
  web.health_checks = 1;
  for (int i = 0; i < 3; ++i) web.tasks[static_cast<std::size_t>(i)].health = {{true}};
  scene_.event("api_post_event", "/web");
  scene_.pass(Milliseconds(250));
  scene_.status("/web", "web-4", "TASK_RUNNING");
  scene_.answer_app(web);
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.requests(), 0U) << "its health comes with an event of its own";

  scene_.event("api_post_event", "/web");
  scene_.pass(Milliseconds(250));
  scene_.event("health_status_changed_event", "/web", "web-4", "", true);
  scene_.answer_app(web);
  scene_.pass(Milliseconds(20));
  EXPECT_THAT(scene_.fetches, SizeIs(1)) << "the answer does not show it";
}

}  // namespace
}  // namespace chorale::agent
