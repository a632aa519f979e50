#include "agent/core/leading/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using Verdict = Guard::Verdict;

MarathonApps cluster(int count, int servers = 2) {
  MarathonApps made;
  for (int i = 1; i <= count; ++i) {
    std::string id = "/app-" + std::to_string(i);
    made.emplace(id, app_of_size(id, servers));
  }
  return made;
}

class GuardTest : public testing::Test {
 protected:
  GuardTest() { guard_.rebase(state_of(cluster(10))); }
  Verdict judge(const MarathonApps& list, seconds at = seconds(0)) { return guard_.judge(list, TimePoint{} + at); }

  Guard guard_{0.5};
};

TEST_F(GuardTest, HalfOfTheAppsMayGoInOneAnswer) {
  EXPECT_EQ(judge(cluster(5)), Verdict::kPass);
  EXPECT_EQ(judge(cluster(4)), Verdict::kHold);
  ASSERT_TRUE(guard_.held_back());
  EXPECT_EQ(guard_.held_back()->reason, "lists 4 of 10 apps, 8 of 20 servers that are served");
  EXPECT_EQ(guard_.held_back()->digest.size(), 12U);
}

TEST_F(GuardTest, HalfOfTheServersMayGoInOneAnswer) {
  EXPECT_EQ(judge(cluster(10, 1)), Verdict::kPass);
  MarathonApps fewer = cluster(10, 1);
  fewer["/app-1"].tasks.clear();
  EXPECT_EQ(judge(fewer), Verdict::kHold);
}

TEST_F(GuardTest, WithoutABaselineAnythingGoes) {
  Guard fresh(0.5);
  EXPECT_EQ(fresh.judge(MarathonApps{}, TimePoint{}), Verdict::kPass);
}

TEST_F(GuardTest, ThreeEqualAnswersOverTenSecondsPass) {
  EXPECT_EQ(judge(cluster(4), seconds(0)), Verdict::kHold);
  EXPECT_EQ(judge(cluster(4), seconds(4)), Verdict::kHold);
  EXPECT_EQ(judge(cluster(4), seconds(8)), Verdict::kHold);  // three, but not over 10 s
  EXPECT_FALSE(guard_.believed_loss());
  EXPECT_EQ(judge(cluster(4), seconds(10)), Verdict::kPass);
  EXPECT_TRUE(guard_.believed_loss());
  EXPECT_FALSE(guard_.held_back());
  EXPECT_EQ(judge(cluster(4), seconds(11)), Verdict::kPass) << "decided once";
}

TEST_F(GuardTest, TwoEqualAnswersDoNotPassHoweverFarApart) {
  EXPECT_EQ(judge(cluster(4), seconds(0)), Verdict::kHold);
  EXPECT_EQ(judge(cluster(4), seconds(60)), Verdict::kHold);
}

TEST_F(GuardTest, AnotherLossStartsTheCountAgain) {
  EXPECT_EQ(judge(cluster(4), seconds(0)), Verdict::kHold);
  EXPECT_EQ(judge(cluster(3), seconds(5)), Verdict::kHold);
  EXPECT_EQ(judge(cluster(4), seconds(11)), Verdict::kHold);
  EXPECT_EQ(guard_.held_back()->seen, 1);
}

TEST_F(GuardTest, NewAppsDoNotChangeWhatWouldBeLost) {
  EXPECT_EQ(judge(cluster(4)), Verdict::kHold);
  const std::string digest = guard_.held_back()->digest;
  MarathonApps more = cluster(4);
  for (int i = 0; i < 50; ++i) more.emplace("/new-" + std::to_string(i), app_of_size("/new-" + std::to_string(i), 2));
  EXPECT_EQ(judge(more), Verdict::kHold) << "another cluster's apps make up for nothing";
  EXPECT_EQ(guard_.held_back()->digest, digest);
}

TEST_F(GuardTest, AGoodAnswerEndsTheHold) {
  EXPECT_EQ(judge(cluster(4)), Verdict::kHold);
  EXPECT_EQ(judge(cluster(10)), Verdict::kPass);
  EXPECT_FALSE(guard_.believed_loss());
  EXPECT_FALSE(guard_.held_back());
}

TEST_F(GuardTest, NoAppAtAllNeverPassesByRepetition) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(judge({}, seconds(5 * i)), Verdict::kHold);
  EXPECT_FALSE(guard_.held_back()->passes_by_repetition);
}

TEST_F(GuardTest, LessThanATenthNeverPassesByRepetition) {
  MarathonApps one = cluster(1);
  one["/app-1"].tasks.resize(1);  // 1 of 20 servers
  for (int i = 0; i < 100; ++i) EXPECT_EQ(judge(one, seconds(5 * i)), Verdict::kHold);
}

TEST_F(GuardTest, AcceptedLossPassesAndNoOther) {
  EXPECT_FALSE(guard_.accept("")) << "nothing is held back";
  EXPECT_EQ(judge(MarathonApps{}), Verdict::kHold);
  const std::string digest = guard_.held_back()->digest;
  EXPECT_FALSE(guard_.accept("0123456789ab"));
  EXPECT_EQ(judge(MarathonApps{}), Verdict::kHold);
  EXPECT_TRUE(guard_.accept(digest));
  EXPECT_EQ(judge(cluster(1, 1)), Verdict::kHold) << "another loss";
  EXPECT_EQ(judge(MarathonApps{}), Verdict::kPass);
  EXPECT_FALSE(guard_.held_back());
  EXPECT_EQ(judge(MarathonApps{}), Verdict::kPass) << "decided, and not committed yet";
}

TEST_F(GuardTest, AWordCountsOnce) {
  EXPECT_EQ(judge(MarathonApps{}), Verdict::kHold);
  EXPECT_TRUE(guard_.accept(guard_.held_back()->digest));
  EXPECT_EQ(judge(MarathonApps{}), Verdict::kPass);
  guard_.rebase(state_of(cluster(10)));
  EXPECT_EQ(judge(MarathonApps{}), Verdict::kHold);
}

// Marathon's next answer was whole: another like the last one, some day, is another loss.
TEST_F(GuardTest, AWordEndsWithAListThatPasses) {
  EXPECT_EQ(judge(MarathonApps{}), Verdict::kHold);
  EXPECT_TRUE(guard_.accept(guard_.held_back()->digest));
  EXPECT_EQ(judge(cluster(10)), Verdict::kPass);
  EXPECT_EQ(judge(MarathonApps{}), Verdict::kHold);
}

// One app of one: a deployment that went by unseen leaves not one of the tasks that are served.
TEST_F(GuardTest, AReplacementOfAllTasksIsNoLoss) {
  guard_.rebase(state_of(cluster(1)));
  MarathonApps list = cluster(1);
  list["/app-1"].health_checks = 1;
  for (MarathonTask& task : list["/app-1"].tasks) {
    task.id += ".new";
    task.health.clear();
  }
  EXPECT_EQ(judge(list), Verdict::kPass);
}

TEST_F(GuardTest, WhatEventsEndedIsNoLoss) {
  for (int i = 1; i <= 9; ++i) guard_.app_gone("/app-" + std::to_string(i));
  MarathonApps rest;
  rest.emplace("/app-10", app_of_size("/app-10", 2));
  EXPECT_EQ(judge(rest), Verdict::kPass);
  guard_.task_gone("/app-10", "app-10-1");
  guard_.task_gone("/app-10", "app-10-2");
  EXPECT_EQ(judge({}), Verdict::kPass);
}

TEST_F(GuardTest, WordsAreBelievedAndSilenceIsNot) {
  for (const char* state : {"TASK_KILLING", "TASK_FAILED"}) {
    MarathonApps list = cluster(10);
    for (auto& [id, one] : list) {
      for (MarathonTask& each : one.tasks) each.state = state;
    }
    EXPECT_EQ(judge(list), Verdict::kPass) << state;
  }
  MarathonApps dead = cluster(10);
  for (auto& [id, one] : dead) {
    one.health_checks = 1;
    for (MarathonTask& each : one.tasks) each.health = {{false}};
  }
  EXPECT_EQ(judge(dead), Verdict::kPass);
  MarathonApps unreachable = cluster(10);
  for (auto& [id, one] : unreachable) {
    for (MarathonTask& each : one.tasks) each.state = "TASK_UNREACHABLE";
  }
  EXPECT_EQ(judge(unreachable), Verdict::kHold);
}

TEST_F(GuardTest, NewTasksOfAnAppMakeUpForItsLostOnes) {
  MarathonApps restarted = cluster(10);
  for (auto& [id, one] : restarted) {
    for (MarathonTask& each : one.tasks) each.id += "-new";
  }
  EXPECT_EQ(judge(restarted), Verdict::kPass);
}

TEST_F(GuardTest, LostHealthResultsAreNoLoss) {
  MarathonApps list = cluster(10);
  for (auto& [id, one] : list) one.health_checks = 1;
  EXPECT_EQ(judge(list), Verdict::kPass);
}

TEST_F(GuardTest, AnAppAnsweredByItselfIsMeasuredAgainstAll) {
  EXPECT_EQ(guard_.judge(app("/app-1", {})), Verdict::kPass);
  Guard small(0.5);
  small.rebase(state_of(cluster(1)));
  EXPECT_EQ(small.judge(app("/app-1", {})), Verdict::kHold);
  EXPECT_EQ(small.judge(app_of_size("/app-1", 1)), Verdict::kPass);
  EXPECT_EQ(small.judge(app_of_size("/new", 1)), Verdict::kPass);
}

TEST_F(GuardTest, ANewBaselineReplacesTheOldOne) {
  guard_.rebase(state_of(cluster(1)));
  EXPECT_EQ(judge(cluster(1)), Verdict::kPass);
}

TEST_F(GuardTest, AnAppKeepsTheTasksThatNoEventEnded) {
  Guard small(0.5);
  small.rebase(state_of(cluster(1)));
  small.task_gone("/app-1", "app-1-1");
  EXPECT_EQ(small.judge(MarathonApps{}, TimePoint{}), Verdict::kHold);
}

TEST_F(GuardTest, WhatIsCommittedMeanwhileDoesNotChangeWhatWouldBeLost) {
  EXPECT_EQ(judge(cluster(4)), Verdict::kHold);
  const std::string digest = guard_.held_back()->digest;
  MarathonApps committed = cluster(10);
  committed.emplace("/new", app_of_size("/new", 2));
  guard_.rebase(state_of(committed));
  MarathonApps list = cluster(4);
  list.emplace("/new", app_of_size("/new", 2));
  EXPECT_EQ(judge(list), Verdict::kHold);
  EXPECT_EQ(guard_.held_back()->digest, digest);
}

TEST_F(GuardTest, TasksLostByRepetitionAreLostForGood) {
  guard_.rebase(state_of(cluster(10, 5)));
  for (const int at : {0, 5}) EXPECT_EQ(judge(cluster(10, 2), seconds(at)), Verdict::kHold);
  EXPECT_EQ(judge(cluster(10, 2), seconds(10)), Verdict::kPass);
  EXPECT_EQ(judge(cluster(10, 2), seconds(15)), Verdict::kPass) << "decided once";
  EXPECT_EQ(judge(cluster(4, 2), seconds(20)), Verdict::kHold) << "the others are still expected";
}

}  // namespace
}  // namespace chorale::agent
