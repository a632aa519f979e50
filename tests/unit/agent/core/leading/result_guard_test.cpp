// What our own filters take away is a loss as well, and a held-back answer mixes no two Marathons.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/core/leading/result_guard.h"
#include "render/invariants.h"
#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

MarathonApps cluster(int count, const std::string& realm, int servers = 2) {
  MarathonApps made;
  for (int i = 1; i <= count; ++i) {
    MarathonApp one = app_of_size("/app-" + std::to_string(i), servers);
    if (!realm.empty()) one.labels["NIXY_REALM"] = realm;
    made.emplace(one.id, one);
  }
  return made;
}

RoutePolicy of_realm(const std::string& realm) {
  RoutePolicy policy;
  policy.realm = {realm};
  return policy;
}

class ResultGuardTest : public testing::Test {
 protected:
  // What is offered in place of what the policy makes of `known`; "pass" if that itself may be.
  std::string judge(const MarathonApps& known, std::uint64_t lists, seconds at) {
    const Routes made = routes_of(known, policy_, {}, &served_);
    const auto instead = guard_.judge(made, served_, known, lists, TimePoint{} + at);
    return instead ? summary(*instead) : "pass";
  }
  // Ten apps, of which the last `lost` ask for a host that no host is: the labels' owners broke them.
  static MarathonApps broken(int lost) {
    MarathonApps list = cluster(10, "");
    for (int i = 0; i < lost; ++i) list["/app-" + std::to_string(9 - i)].labels["subdomain"] = "not_a_host";
    return list;
  }
  RoutePolicy policy_;
  render::RoutingState served_ = state_of(cluster(10, ""));
  ResultGuard guard_{0.5};
};

TEST_F(ResultGuardTest, HalfMayBeLeftOutByOurselvesAndMoreIsHeldBack) {
  EXPECT_EQ(judge(broken(5), 1, seconds(0)), "pass");
  EXPECT_EQ(judge(broken(6), 2, seconds(0)), summary(served_));
  ASSERT_TRUE(guard_.held_back());
  EXPECT_THAT(guard_.held_back()->reason,
              HasSubstr("the routes would keep 4 of 10 apps, 8 of 20 servers that are served and run; first /app-4: "));
  EXPECT_THAT(guard_.held_back()->reason, HasSubstr("not_a_host"));
  EXPECT_TRUE(guard_.held_back()->passes_by_repetition);
  EXPECT_EQ(judge(broken(0), 3, seconds(0)), "pass");
  EXPECT_FALSE(guard_.held_back());
}

TEST_F(ResultGuardTest, TheSameLossAfterThreeListsOverTenSecondsPasses) {
  EXPECT_NE(judge(broken(6), 1, seconds(0)), "pass");
  EXPECT_NE(judge(broken(6), 2, seconds(5)), "pass");
  EXPECT_NE(judge(broken(6), 3, seconds(9)), "pass") << "three, but not over 10 s";
  EXPECT_EQ(judge(broken(6), 3, seconds(10)), "pass");
  EXPECT_EQ(judge(broken(6), 3, seconds(11)), "pass") << "decided once";
  EXPECT_NE(judge(broken(7), 4, seconds(12)), "pass") << "another loss";
}

TEST_F(ResultGuardTest, ALossThatIsFoundOftenAfterOneListCountsOnce) {
  for (int i = 0; i < 20; ++i) EXPECT_NE(judge(broken(6), 1, seconds(i)), "pass");
  EXPECT_EQ(guard_.held_back()->seen, 1);
}

TEST_F(ResultGuardTest, LessThanATenthNeverPasses) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(judge(broken(9), static_cast<std::uint64_t>(i), seconds(5 * i)),
              i == 0 ? summary(served_) : summary(served_));
    MarathonApps all = cluster(10, "");
    for (auto& [id, one] : all) one.labels["subdomain"] = "not_a_host";
    EXPECT_EQ(judge(all, static_cast<std::uint64_t>(i), seconds(5 * i)), summary(served_));
  }
  EXPECT_FALSE(guard_.held_back()->passes_by_repetition);
}

TEST_F(ResultGuardTest, AcceptedLossPassesAndNoOther) {
  EXPECT_FALSE(guard_.accept(""));
  EXPECT_EQ(judge(broken(9), 1, seconds(0)), summary(served_));
  EXPECT_FALSE(guard_.accept("0123456789ab"));
  EXPECT_EQ(judge(broken(9), 1, seconds(0)), summary(served_));
  EXPECT_TRUE(guard_.accept(guard_.held_back()->digest));
  EXPECT_EQ(judge(broken(8), 2, seconds(0)), summary(served_)) << "another loss";
  EXPECT_EQ(judge(broken(9), 3, seconds(0)), "pass");
  EXPECT_FALSE(guard_.held_back());
  EXPECT_EQ(judge(broken(9), 3, seconds(0)), "pass") << "decided, and not committed yet";
}

TEST_F(ResultGuardTest, WhatMarathonSaysIsGoneIsNoLoss) {
  MarathonApps list = cluster(2, "");
  list["/app-2"].tasks[0].state = "TASK_KILLED";
  list["/app-2"].tasks[1].health = {{false}};
  list["/app-2"].health_checks = 1;
  EXPECT_EQ(judge(list, 1, seconds(0)), "pass");
  EXPECT_EQ(judge({}, 1, seconds(0)), "pass") << "that is Guard's business";
}

TEST_F(ResultGuardTest, WhatIsHeldFollowsMarathonsRemovals) {
  MarathonApps list = broken(9);
  list.erase("/app-2");
  list["/app-1"].tasks.erase(list["/app-1"].tasks.begin());
  list["/app-3"].tasks[0].state = "TASK_KILLING";
  list["/app-4"].tasks[1].state = "TASK_UNREACHABLE";
  const std::string left = judge(list, 1, seconds(0));
  EXPECT_THAT(left, HasSubstr("/app-1 10.0.0.2:31002 | /app-10 10.0.0.1:31001 10.0.0.2:31002 | /app-3 10.0.0.2:31002 | "
                              "/app-4 10.0.0.1:31001 10.0.0.2:31002 |"));
  EXPECT_THAT(left, testing::Not(HasSubstr("/app-2")));
}

TEST_F(ResultGuardTest, NewTasksOfAnAppMakeUpForLostOnesAndNewAppsDoNot) {
  MarathonApps renewed = cluster(10, "");
  for (auto& [id, one] : renewed) {
    for (MarathonTask& each : one.tasks) each.id += "-new";
  }
  EXPECT_EQ(judge(renewed, 1, seconds(0)), "pass");
  MarathonApps others = broken(9);
  for (int i = 0; i < 50; ++i) others.emplace("/new-" + std::to_string(i), app_of_size("/new-" + std::to_string(i), 2));
  EXPECT_NE(judge(others, 1, seconds(0)), "pass");
}

TEST_F(ResultGuardTest, OneBadAppOfOneStaysAndOthersGoOn) {
  served_ = state_of(cluster(1, ""));
  MarathonApps list = cluster(1, "");
  list["/app-1"].labels["subdomain"] = "not_a_host";
  MarathonApp thief = app_of_size("/a", 1);
  thief.labels["subdomain"] = "app-1 mine";
  list.emplace("/a", thief);
  list.emplace("/new", app_of_size("/new", 1));
  const Routes made = routes_of(list, {}, {}, &served_);
  const auto instead = guard_.judge(made, served_, list, 1, TimePoint{});
  ASSERT_TRUE(instead);
  EXPECT_EQ(summary(*instead), "/a 10.0.0.1:31001 | /app-1 10.0.0.1:31001 10.0.0.2:31002 | /new 10.0.0.1:31001");
  EXPECT_EQ(instead->apps[0].hosts, std::vector<std::string>{"mine"}) << "what is kept keeps its host";
  EXPECT_FALSE(render::find_broken_invariant(*instead));
}

TEST_F(ResultGuardTest, AnotherRealmIsHeldForAWhileOnly) {
  served_ = routes_of(cluster(10, "prod"), of_realm("prod")).state;
  policy_ = of_realm("blue");
  MarathonApps with_theirs = cluster(10, "prod");
  const auto add = [&](const std::string& id, int servers) {
    with_theirs.emplace(id, app_of_size(id, servers)).first->second.labels["NIXY_REALM"] = "blue";
  };
  add("/theirs", 2);
  EXPECT_EQ(judge(with_theirs, 1, seconds(0)), summary(served_));
  EXPECT_THAT(guard_.held_back()->reason, HasSubstr("0 of 10 apps"));
  EXPECT_THAT(guard_.held_back()->reason, HasSubstr("first /app-1: of another realm: \"prod\""));
  EXPECT_EQ(judge(with_theirs, 2, seconds(5)), summary(served_)) << "nothing is added";
  EXPECT_EQ(judge(with_theirs, 3, seconds(10)), "pass") << "it was configured, and has a tenth of what is served";
}

// A slip of the pen is a realm that nobody has.
TEST_F(ResultGuardTest, AnotherRealmWithHardlyAnythingNeverPassesByItself) {
  served_ = routes_of(cluster(20, "prod"), of_realm("prod")).state;
  policy_ = of_realm("prdo");
  MarathonApps with_theirs = cluster(20, "prod");
  int list = 0;
  const auto stays = [&] {
    for (int i = 0; i < 5; ++i) {
      ++list;
      if (judge(with_theirs, static_cast<std::uint64_t>(list), seconds(5 * list)) != summary(served_)) return false;
    }
    return true;
  };
  EXPECT_TRUE(stays());
  const auto add = [&](const std::string& id, int servers) {
    with_theirs.emplace(id, app_of_size(id, servers)).first->second.labels["NIXY_REALM"] = "prdo";
  };
  add("/one", 4);
  EXPECT_TRUE(stays()) << "enough servers, too few apps";
  add("/two", 0);
  EXPECT_TRUE(stays()) << "that one has none";
  with_theirs.erase("/one");
  add("/one", 1);
  with_theirs.erase("/two");
  add("/two", 1);
  EXPECT_TRUE(stays()) << "enough apps, too few servers";
  ASSERT_TRUE(guard_.accept(guard_.held_back()->digest));
  EXPECT_EQ(judge(with_theirs, 99, seconds(999)), "pass") << "an operator's word";
}

// Through the tracker.

class TrackerResultTest : public testing::Test {
 protected:
  void sync(MarathonApps list) {
    if (scene_.lists.empty()) scene_.send(SyncRequested{});
    scene_.answer_list(std::move(list));
  }
  TrackerScene scene_;
};

TEST_F(TrackerResultTest, AStateThatLosesMostIsHeldBackToldAndBelievedInTheEnd) {
  scene_.settle(cluster(10, ""));
  MarathonApps bad = cluster(10, "");
  for (int i = 1; i <= 6; ++i) bad["/app-" + std::to_string(i)].labels["subdomain"] = "*";
  sync(bad);
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, IsEmpty());
  EXPECT_THAT(scene_.tracker.trouble().value_or(Failure{}).message,
              HasSubstr("held back: the routes would keep 4 of 10 apps, 8 of 20 servers"));
  EXPECT_THAT(scene_.news, HasSubstr("held back: the routes would keep 4 of 10 apps"));
  scene_.log.clear();
  for (int i = 0; i < 2; ++i) {
    scene_.pass(Milliseconds(5'000));
    ASSERT_THAT(scene_.lists, SizeIs(1)) << "asked again by itself";
    sync(bad);
  }
  scene_.pass(Milliseconds(1'000));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].state->apps.size(), 4U);
  EXPECT_EQ(scene_.tracker.trouble(), std::nullopt);
  EXPECT_THAT(scene_.log, testing::Not(HasSubstr("held back: the routes"))) << "said once";
}

TEST_F(TrackerResultTest, WhatIsHeldBackByOurOwnRulesPassesByAnOperatorsWordToo) {
  scene_.settle(cluster(10, ""));
  MarathonApps bad = cluster(10, "");
  for (auto& [id, one] : bad) one.labels["subdomain"] = "*";
  sync(bad);
  scene_.pass(Milliseconds(1'000));
  ASSERT_TRUE(scene_.tracker.held_back());
  scene_.forget();
  scene_.send(LossBelieved{scene_.tracker.held_back()->digest, "jo"});
  scene_.pass(Milliseconds(1'000));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offers[0].by, "jo");
  EXPECT_FALSE(scene_.tracker.held_back());
}

TEST_F(TrackerResultTest, WhileItIsHeldTasksThatEndStillGo) {
  scene_.settle(cluster(10, ""));
  MarathonApps bad = cluster(10, "");
  for (auto& [id, one] : bad) one.labels["subdomain"] = "*";
  sync(bad);
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, IsEmpty());
  scene_.status("/app-1", "app-1-1", "TASK_KILLED");
  scene_.pass(Milliseconds(1'000));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_THAT(scene_.offered(), testing::StartsWith("/app-1 10.0.0.2:31002 | /app-10 10.0.0.1:31001 10.0.0.2:31002 |"));
}

TEST_F(TrackerResultTest, ALeaderOfAnotherRealmDoesNotEmptyTheProxiesAtOnce) {
  TrackerOptions options = TrackerScene::options();
  options.policy.realm = {"prdo"};
  TrackerScene scene(options);
  const auto served = routes_of(cluster(10, "prod"), of_realm("prod")).state;
  scene.send(TrackingBegun{served, std::nullopt});
  scene.send(StreamAttached{"http://a"});
  scene.answer_list(cluster(10, "prod"));
  scene.pass(Milliseconds(1'000));
  ASSERT_THAT(scene.offers, SizeIs(1)) << "a leadership begins with an offer";
  EXPECT_EQ(*scene.offers[0].state, served);
  EXPECT_THAT(scene.tracker.trouble().value_or(Failure{}).message, HasSubstr("of another realm"));
}

// Two pools that use one root by mistake: a leader follows the other pool's Marathon.
TEST_F(TrackerResultTest, AnotherMarathonsServersAreNotMixedIntoOurApps) {
  scene_.settle(cluster(10, ""));
  MarathonApps foreign;
  for (int i = 1; i <= 4; ++i) {
    MarathonApp one = app("/app-" + std::to_string(i), {task("x-" + std::to_string(i), "10.9.9.9", {31'777})});
    foreign.emplace(one.id, one);
  }
  MarathonApps extra = foreign;
  extra.emplace("/theirs", app("/theirs", {task("y", "10.9.9.9", {31'778})}));
  sync(extra);
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, IsEmpty()) << scene_.offered();
  EXPECT_THAT(scene_.tracker.trouble().value_or(Failure{}).message, HasSubstr("held back: Marathon lists"));

  scene_.status("/app-1", "x-9", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.answer_app(foreign.at("/app-1"));
  scene_.pass(Milliseconds(1'000));
  EXPECT_THAT(scene_.offers, IsEmpty()) << "nor one by one: " << scene_.offered();
}

TEST_F(TrackerResultTest, AHeldBackListStillUpdatesTheAppsOfWhichItKnowsATask) {
  scene_.settle(cluster(10, ""));
  MarathonApps list = cluster(3, "");
  list["/app-1"].tasks[1] = task("app-1-3", "10.0.0.3", {31'003});
  list["/app-2"].tasks = {task("app-2-8", "10.0.0.8", {31'008}), task("app-2-9", "10.0.0.9", {31'009})};
  sync(list);
  scene_.pass(Milliseconds(1'000));
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_THAT(scene_.offered(), testing::StartsWith("/app-1 10.0.0.1:31001 10.0.0.2:31002 10.0.0.3:31003 |"));
  EXPECT_THAT(scene_.offered(), HasSubstr("/app-2 10.0.0.1:31001 10.0.0.2:31002 |"))
      << "all of its tasks are strangers";
}

}  // namespace
}  // namespace chorale::agent
