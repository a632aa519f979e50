// What an operator may decide about which tasks and apps are routed: RoutingRules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/core/leading/guard.h"
#include "agent/core/leading/routes.h"
#include "agent/core/leading/routes_servers.h"
#include "render/invariants.h"
#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RoutesRulesTest : public testing::Test {
 protected:
  Routes build(const MarathonApp& one, seconds at = seconds(0)) {
    return build_routes(apps({one}), {}, policy_, memory_, TimePoint{} + at);
  }
  std::string served(const MarathonApp& one) { return summary(build(one).state); }

  RoutePolicy policy_;
  HealthMemory memory_;
};

MarathonApp two_tasks() { return app("/web", {task("a", "10.0.0.1", {31001}), task("b", "10.0.0.2", {31002})}); }

MarathonApp first_in_state(MarathonApp made, const std::string& state) {
  made.tasks[0].state = state;
  return made;
}

TEST_F(RoutesRulesTest, AnUnreachableTaskThatWasRoutedStaysIfTheOperatorSaysSo) {
  for (const bool keeps : {false, true}) {
    policy_.keep_unreachable = keeps;
    EXPECT_EQ(served(two_tasks()), "/web 10.0.0.1:31001 10.0.0.2:31002");
    for (const char* state : {"TASK_UNREACHABLE", "TASK_LOST", "TASK_UNKNOWN"}) {
      EXPECT_EQ(served(first_in_state(two_tasks(), state)),
                keeps ? "/web 10.0.0.1:31001 10.0.0.2:31002" : "/web 10.0.0.2:31002")
          << state;
    }
    for (const char* state : {"TASK_KILLED", "TASK_GONE", "TASK_STAGING"}) {
      EXPECT_EQ(served(first_in_state(two_tasks(), state)), "/web 10.0.0.2:31002") << state;
    }
  }
}

TEST_F(RoutesRulesTest, AnUnreachableTaskThatWasNotRoutedIsNotAdded) {
  policy_.keep_unreachable = true;
  EXPECT_EQ(served(first_in_state(two_tasks(), "TASK_UNREACHABLE")), "/web 10.0.0.2:31002");
}

TEST_F(RoutesRulesTest, AnUnreachableTaskWhoseCheckFailsGoesAndOneWithoutResultsStays) {
  policy_.keep_unreachable = true;
  MarathonApp web = two_tasks();
  web.health_checks = 1;
  for (MarathonTask& one : web.tasks) one.health = {{true}};
  ASSERT_EQ(served(web), "/web 10.0.0.1:31001 10.0.0.2:31002");
  web.tasks[0].state = "TASK_UNREACHABLE";
  web.tasks[0].health.clear();
  const Routes later = build(web, seconds(100'000));
  EXPECT_EQ(summary(later.state), "/web 10.0.0.1:31001 10.0.0.2:31002") << "longer than health_memory";
  web.tasks[0].health = {{false}};
  const Routes failing = build(web);
  EXPECT_EQ(summary(failing.state), "/web 10.0.0.2:31002");
  EXPECT_THAT(reasons(failing), HasSubstr("/web a is left out: a health check fails"));
}

TEST_F(RoutesRulesTest, AKeptTaskIsUpForEvents) {
  const MarathonApp web = first_in_state(two_tasks(), "TASK_UNREACHABLE");
  RoutingRules keeps;
  keeps.keep_unreachable = true;
  EXPECT_FALSE(is_up(web, web.tasks[0], memory_, keeps)) << "it was never routed";
  memory_.judged("a", true);
  EXPECT_TRUE(is_up(web, web.tasks[0], memory_, keeps));
  EXPECT_FALSE(is_up(web, web.tasks[0], memory_, {}));
}

TEST_F(RoutesRulesTest, UnreachableTasksThatStayAreNoLoss) {
  const MarathonApps before = apps({two_tasks()});
  MarathonApps after = before;
  for (MarathonTask& one : after["/web"].tasks) one.state = "TASK_UNREACHABLE";
  for (const bool keeps : {false, true}) {
    Guard guard(0.5, keeps);
    guard.rebase(state_of(before));
    EXPECT_EQ(guard.judge(after, TimePoint{}), keeps ? Guard::Verdict::kPass : Guard::Verdict::kHold);
  }
  after["/web"].tasks[0].id = "unknown";
  after["/web"].tasks[1].id = "unknown too";
  Guard guard(0.5, true);
  guard.rebase(state_of(before));
  EXPECT_EQ(guard.judge(after, TimePoint{}), Guard::Verdict::kHold) << "others than were served";
}

MarathonApp in_container_network() {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001})});
  web.network = NetworkMode::kContainer;
  web.tasks[0].ip_addresses = {"9.0.1.2"};
  web.ports[0].has_host_port = false;
  web.ports[0].container_port = 80;
  return web;
}

TEST_F(RoutesRulesTest, ContainerAddressesAreServedUnlessTheOperatorSaysNever) {
  EXPECT_EQ(served(in_container_network()), "/web 9.0.1.2:80");
  policy_.container_addresses = false;
  const Routes routes = build(in_container_network());
  EXPECT_THAT(routes.state.apps, IsEmpty());
  EXPECT_EQ(reasons(routes),
            "/web is left out: no routable task: the port has no host port, and ip_per_task is \"never\"\n"
            "/web a is left out: the port has no host port, and ip_per_task is \"never\"\n");
}

TEST_F(RoutesRulesTest, WithoutContainerAddressesTheFirstHostPortCounts) {
  policy_.container_addresses = false;
  MarathonApp web = in_container_network();
  web.ports.resize(2);
  EXPECT_EQ(served(web), "/web 10.0.0.1:31001");
  EXPECT_EQ(build(web).state.apps.at(0).main_port, 1);
}

// A deployment of version 2 is under way: "old" is of version 1, "new" of version 2.
MarathonApp deploying() {
  MarathonApp web = app("/web", {task("old", "10.0.0.1", {31001}), task("new", "10.0.0.2", {31002})});
  web.tasks[0].version = "1";
  web.tasks[1].version = web.version = "2";
  web.readiness_checks = 1;
  web.deploying = true;
  return web;
}

TEST_F(RoutesRulesTest, WhatADeploymentStartsIsRoutedOnceItIsReady) {
  EXPECT_EQ(served(deploying()), "/web 10.0.0.1:31001 10.0.0.2:31002") << "by default nobody asks";
  memory_ = HealthMemory();
  policy_.respect_readiness = true;
  MarathonApp web = deploying();
  const Routes without = build(web);
  EXPECT_EQ(summary(without.state), "/web 10.0.0.1:31001");
  EXPECT_EQ(reasons(without), "/web new is left out: no readiness result yet\n");
  web.tasks[1].ready = false;
  const Routes failing = build(web);
  EXPECT_EQ(summary(failing.state), "/web 10.0.0.1:31001");
  EXPECT_EQ(reasons(failing), "/web new is left out: its readiness check does not pass yet\n");
  web.tasks[1].ready = true;
  EXPECT_EQ(served(web), "/web 10.0.0.1:31001 10.0.0.2:31002");
  web.tasks[1].ready = std::nullopt;
  EXPECT_EQ(served(web), "/web 10.0.0.1:31001 10.0.0.2:31002") << "Marathon has failed over; it was ready";
}

TEST_F(RoutesRulesTest, ReadinessIsAskedOnlyOfAppsWithChecksThatAreDeployed) {
  policy_.respect_readiness = true;
  MarathonApp web = deploying();
  web.readiness_checks = 0;
  EXPECT_EQ(served(web), "/web 10.0.0.1:31001 10.0.0.2:31002");
  memory_ = HealthMemory();
  web = deploying();
  web.deploying = false;
  EXPECT_EQ(served(web), "/web 10.0.0.1:31001 10.0.0.2:31002");
  memory_ = HealthMemory();
  web = deploying();
  EXPECT_TRUE(is_unready(web, web.tasks[1], memory_, policy_));
  EXPECT_FALSE(is_unready(web, web.tasks[0], memory_, policy_));
  EXPECT_FALSE(is_unready(web, web.tasks[1], memory_, {}));
  web.tasks[1].state = "TASK_STAGING";
  EXPECT_FALSE(is_unready(web, web.tasks[1], memory_, policy_)) << "there is more that it waits for";
}

TEST_F(RoutesRulesTest, AnAppWithoutTasksStaysIfTheOperatorSaysSo) {
  EXPECT_THAT(build(app("/web", {})).state.apps, IsEmpty());
  policy_.keep_empty = true;
  MarathonApp web = app("/web", {in_state(task("a", "10.0.0.1", {31001}), "TASK_STAGING")});
  web.ports[0].name = "http";
  const Routes routes = build(web);
  EXPECT_EQ(summary(routes.state), "/web");
  EXPECT_EQ(reasons(routes), "/web is served without a server: no routable task\n/web a is left out: TASK_STAGING\n");
  EXPECT_THAT(routes.state.apps.at(0).hosts, ElementsAre("web"));
  ASSERT_EQ(routes.state.apps[0].ports.size(), 1U);
  EXPECT_EQ(routes.state.apps[0].ports[0].name, "http");
  EXPECT_FALSE(render::find_broken_invariant(routes.state));
}

TEST_F(RoutesRulesTest, AnAppWithoutServersOnItsMainPortKeepsTheOthers) {
  policy_.keep_empty = true;
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001, 0, 31003})});
  web.ports.resize(3);
  web.labels["chorale.port"] = "1";
  const Routes routes = build(web);
  ASSERT_EQ(routes.state.apps.size(), 1U);
  ASSERT_EQ(routes.state.apps[0].ports.size(), 3U);
  EXPECT_THAT(routes.state.apps[0].servers(), IsEmpty());
  EXPECT_EQ(routes.state.apps[0].ports[2].servers.at(0).address, "10.0.0.1:31003");
  EXPECT_FALSE(render::find_broken_invariant(routes.state));
}

TEST_F(RoutesRulesTest, AnAppWithoutPortsIsKeptToo) {
  policy_.keep_empty = true;
  MarathonApp web = app("/web", {});
  web.ports.clear();
  const Routes routes = build(web);
  EXPECT_EQ(summary(routes.state), "/web");
  EXPECT_THAT(routes.state.apps.at(0).ports, IsEmpty());
}

TEST_F(RoutesRulesTest, AnAppThatIsKeptWithoutServersHasNoneToLose) {
  policy_.keep_empty = true;
  Guard guard(0.5);
  guard.rebase(build(app("/web", {})).state);
  EXPECT_EQ(guard.judge(MarathonApps{}, TimePoint{}), Guard::Verdict::kPass);
}

}  // namespace
}  // namespace chorale::agent
