// What an operator's rules change of when Marathon is asked, and what is offered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(TrackerRulesTest, TasksOfOtherRealmsCostNothing) {
  TrackerOptions options = TrackerScene::options();
  options.policy.realm = {"prod"};
  TrackerScene scene(options);
  MarathonApp ours = app_of_size("/ours", 1);
  ours.labels["NIXY_REALM"] = "prod";
  scene.send(TrackingBegun{});
  scene.send(StreamAttached{"http://a"});
  scene.answer_list(apps({ours, app_of_size("/theirs", 1)}));
  EXPECT_EQ(scene.offered(), "/ours 10.0.0.1:31001");
  EXPECT_THAT(scene.log, testing::Not(HasSubstr("/theirs")));
  scene.status("/theirs", "theirs-2", "TASK_RUNNING");
  scene.pass(Milliseconds(1'000));
  EXPECT_THAT(scene.fetches, IsEmpty());
}

// No event says that a task has become ready.
TEST(TrackerRulesTest, TheEndOfADeploymentAsksForWhatWasNotReady) {
  for (const bool respects : {false, true}) {
    TrackerOptions options = TrackerScene::options();
    options.policy.respect_readiness = respects;
    TrackerScene scene(options);
    MarathonApp web = app_of_size("/web", 1);
    web.version = web.tasks[0].version;
    web.readiness_checks = 1;
    web.deploying = true;
    scene.send(TrackingBegun{});
    scene.send(StreamAttached{"http://a"});
    scene.answer_list(apps({app_of_size("/api", 1), web}));
    EXPECT_EQ(scene.offered(), respects ? "/api 10.0.0.1:31001" : "/api 10.0.0.1:31001 | /web 10.0.0.1:31001");
    scene.commit();
    scene.pass(Milliseconds(1'000));
    scene.event("deployment_success", "");
    ASSERT_THAT(scene.fetches, SizeIs(respects ? 1 : 0));
    if (!respects) continue;
    web.deploying = false;
    scene.answer_app(web);
    EXPECT_EQ(scene.offered(), "/api 10.0.0.1:31001 | /web 10.0.0.1:31001");
    scene.commit();
    scene.event("deployment_success", "");
    scene.pass(Milliseconds(1'000));
    EXPECT_THAT(scene.fetches, IsEmpty()) << "nothing waits any more";
  }
}

TEST(TrackerRulesTest, AnUnreachableTaskThatStaysCostsNothingUntilItEnds) {
  TrackerOptions options = TrackerScene::options();
  options.policy.keep_unreachable = true;
  const MarathonApps list = apps({app_of_size("/web", 3)});
  TrackerScene scene(options);
  scene.settle(list);
  scene.status("/web", "web-1", "TASK_UNREACHABLE");
  scene.pass(Milliseconds(1'000));
  EXPECT_THAT(scene.fetches, IsEmpty());
  MarathonApps listed = list;
  listed["/web"].tasks[0].state = "TASK_UNREACHABLE";
  scene.send(SyncRequested{});
  scene.answer_list(listed);
  scene.pass(Milliseconds(1'000));
  EXPECT_THAT(scene.offers, IsEmpty()) << "it is routed as before";
  scene.status("/web", "web-1", "TASK_GONE");
  scene.pass(Milliseconds(200));
  ASSERT_THAT(scene.offers, SizeIs(1));
  EXPECT_THAT(scene.offered(), HasSubstr("/web 10.0.0.2:31002 10.0.0.3:31003"));
}

}  // namespace
}  // namespace chorale::agent
