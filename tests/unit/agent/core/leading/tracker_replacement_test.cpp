// Tasks that end while others of their app come up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/marathon_values.h"
#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;

class TrackerReplacementTest : public testing::Test {
 protected:
  TrackerReplacementTest() { scene_.settle(list_); }
  MarathonApps list_ = apps({app_of_size("/api", 2), app_of_size("/shop", 2), app_of_size("/web", 3)});
  TrackerScene scene_;
};

// A deployment whose new tasks get well in one moment ends the old ones in the next. What stands in for them is known
// with the answer alone: dropped before, they left the app without a server until the offer after that.
TEST_F(TrackerReplacementTest, TasksThatAreReplacedGoWhenTheirReplacementsAreKnown) {
  for (const char* task : {"web-4", "web-5", "web-6"}) scene_.status("/web", task, "TASK_RUNNING");
  for (const char* task : {"web-1", "web-2", "web-3"}) scene_.status("/web", task, "TASK_KILLING");
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, SizeIs(0)) << scene_.offered();
  MarathonApp replaced = app_of_size("/web", 6);
  for (std::size_t old = 0; old < 3; ++old) replaced.tasks[old].state = "TASK_KILLING";
  scene_.answer_app(replaced);
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_THAT(scene_.offered(), HasSubstr("/web 10.0.0.4:31004 10.0.0.5:31005 10.0.0.6:31006"));
  scene_.commit();
  scene_.pass(Milliseconds(30'000));
  EXPECT_THAT(scene_.offers, SizeIs(1));
}

TEST_F(TrackerReplacementTest, ATaskThatEndsDuringAFetchGoesWithItsAnswer) {
  scene_.status("/web", "web-4", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.status("/web", "web-1", "TASK_KILLING");
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, SizeIs(0)) << scene_.offered();
  scene_.answer_app(app_of_size("/web", 4));  // as it was when the fetch began
  EXPECT_THAT(scene_.offered(), HasSubstr("/web 10.0.0.2:31002 10.0.0.3:31003 10.0.0.4:31004"));
}

TEST_F(TrackerReplacementTest, WhatHasEndedGoesAtOnceIfMarathonDoesNotSayWhatReplacesIt) {
  scene_.status("/web", "web-4", "TASK_RUNNING");
  scene_.status("/web", "web-1", "TASK_KILLING");
  scene_.pass(Milliseconds(20));
  scene_.fail_app("refused");
  scene_.pass(Milliseconds(20));
  EXPECT_THAT(scene_.offered(), HasSubstr("/web 10.0.0.2:31002 10.0.0.3:31003"));
  // And not again, while it is tried once more.
  scene_.commit();
  scene_.pass(Milliseconds(10'000));
  ASSERT_THAT(scene_.fetches, SizeIs(1));
  scene_.status("/web", "web-2", "TASK_KILLING");
  scene_.pass(Milliseconds(500));
  EXPECT_THAT(scene_.offered(), EndsWith("/web 10.0.0.3:31003"));
}

TEST_F(TrackerReplacementTest, AFetchThatOnlyConfirmsAnEndDelaysNoOther) {
  scene_.status("/web", "web-1", "TASK_KILLED");
  scene_.pass(Milliseconds(250));
  ASSERT_THAT(scene_.fetches, SizeIs(1));
  scene_.commit();
  scene_.status("/web", "web-2", "TASK_KILLED");
  scene_.pass(Milliseconds(500));
  EXPECT_THAT(scene_.offered(), EndsWith("/web 10.0.0.3:31003")) << "not answered yet";
}

TEST_F(TrackerReplacementTest, TasksThatHaveComeUpAndAreKnownKeepNoneThatEnds) {
  scene_.status("/web", "web-4", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.answer_app(app_of_size("/web", 4));
  scene_.commit();
  scene_.pass(Milliseconds(1'000));
  scene_.status("/web", "web-2", "TASK_KILLED");
  scene_.pass(Milliseconds(250));
  scene_.commit();
  scene_.status("/web", "web-1", "TASK_KILLED");
  scene_.pass(Milliseconds(500));
  EXPECT_THAT(scene_.offered(), EndsWith("/web 10.0.0.3:31003 10.0.0.4:31004")) << "a fetch is under way: it confirms";
}

TEST_F(TrackerReplacementTest, NewsOfOneAppDoNotKeepWhatHasEndedInAnother) {
  scene_.status("/api", "api-3", "TASK_RUNNING");
  scene_.status("/web", "web-1", "TASK_KILLING");
  scene_.pass(Milliseconds(20));
  EXPECT_THAT(scene_.offered(), HasSubstr("/web 10.0.0.2:31002 10.0.0.3:31003"));
}

TEST_F(TrackerReplacementTest, AListThatBringsTheNewsIsWaitedForAsWell) {
  for (const char* app : {"/api", "/shop", "/web", "/w", "/x", "/y", "/z"}) scene_.status(app, "new-9", "TASK_RUNNING");
  scene_.status("/web", "web-1", "TASK_KILLING");
  scene_.pass(Milliseconds(20));
  scene_.event("status_update_event", "/api", "api-9", "TASK_STAGING");  // whatever comes meanwhile
  scene_.pass(Milliseconds(500));
  ASSERT_THAT(scene_.lists, SizeIs(1));
  EXPECT_THAT(scene_.offers, SizeIs(0)) << scene_.offered();
  scene_.fail_list("refused");
  scene_.pass(Milliseconds(20));
  EXPECT_THAT(scene_.offers, SizeIs(0)) << "asked for by itself";
  EXPECT_FALSE(scene_.fetches.empty());
}

}  // namespace
}  // namespace chorale::agent
