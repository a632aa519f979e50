#include "agent/core/leading/known_apps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

std::string served(const KnownApps& known) { return summary(state_of(known.apps())); }

TEST(KnownAppsTest, AnAdoptedStateIsBuiltAgainAsItWas) {
  MarathonApp shop = app_of_size("/shop", 3);
  shop.labels = {{"subdomain", "a b"}, {"weight", "; } server {"}};
  shop.env = {{"SHOWN", "yes"}};
  shop.health_path = "/health";
  shop.health_checks = 1;
  for (MarathonTask& each : shop.tasks) each.health = {{true}};
  MarathonApp ports = app("/ports", {task("p", "10.0.0.9", {31001, 31002, 31003})});
  ports.ports.resize(3);
  ports.ports[2].name = "admin";
  ports.ports[2].protocol = "udp";
  MarathonApp container = app("/container", {task("c", "node-1", {})});
  container.network = NetworkMode::kContainer;
  container.ports[0].has_host_port = false;
  container.ports[0].container_port = 80;
  container.tasks[0].ip_addresses = {"9.0.0.1"};
  RoutePolicy policy;
  policy.expose_env = {"SHOWN"};
  const auto state =
      routes_of(apps({shop, ports, container, app_of_size("/a.b", 1), app_of_size("/b/a", 1)}), policy).state;
  ASSERT_THAT(state.apps, SizeIs(5));

  KnownApps known;
  known.adopt(state);
  EXPECT_EQ(routes_of(known.apps(), policy).state, state);
}

// Else a new leader would not know who comes next, and publish that it does not.
TEST(KnownAppsTest, WhatWasAdoptedStillAsksForThePortThatItHasLost) {
  MarathonApp first = app_of_size("/a", 1);
  first.ports[0].service_port = 10'000;
  MarathonApp second = app_of_size("/b", 1);
  second.ports[0].service_port = 10'000;
  RoutePolicy policy;
  policy.service_ports = render::ServicePortRange{};
  const auto state = routes_of(apps({first, second}), policy).state;
  KnownApps known;
  known.adopt(state);
  EXPECT_EQ(routes_of(known.apps(), policy, {}, &state).state, state);
  EXPECT_TRUE(known.app_gone("/a", 1));
  EXPECT_EQ(routes_of(known.apps(), policy, {}, &state).state.apps.at(0).ports.at(0).service_port, 10'000);
}

TEST(KnownAppsTest, WhatWasAdoptedKeepsItsMainPortAndItsWantOfServers) {
  MarathonApp bridged = app("/bridged", {task("a", "10.0.0.1", {31001})});
  bridged.network = NetworkMode::kBridge;
  bridged.ports.resize(2);
  bridged.ports[0].has_host_port = false;
  MarathonApp labelled = app("/labelled", {task("b", "10.0.0.1", {31002, 31003})});
  labelled.ports.resize(2);
  labelled.labels = {{"chorale.port", "1"}, {"chorale.0.host", "zero"}};
  MarathonApp bare = app("/bare", {});
  bare.ports.clear();
  RoutePolicy policy;
  policy.keep_empty = true;
  const auto state = routes_of(apps({bare, bridged, app("/empty", {}), labelled}), policy).state;
  ASSERT_EQ(summary(state), "/bare | /bridged 10.0.0.1:31001 | /empty | /labelled 10.0.0.1:31003");
  KnownApps known;
  known.adopt(state);
  EXPECT_EQ(routes_of(known.apps(), policy).state, state);
}

TEST(KnownAppsTest, AnEventHoldsAgainstAnAnswerThatWasAskedForBefore) {
  KnownApps known;
  known.replace(apps({app_of_size("/web", 2), app_of_size("/api", 1)}), 1);
  EXPECT_TRUE(known.task_gone("/web", "web-1", 2));  // fetch 2 is in flight
  EXPECT_TRUE(known.app_gone("/api", 2));
  known.replace(known.reconcile(apps({app_of_size("/web", 2), app_of_size("/api", 1)}), 2), 2);
  EXPECT_EQ(served(known), "/web 10.0.0.2:31002");
  known.replace(known.reconcile(apps({app_of_size("/web", 2), app_of_size("/api", 1)}), 3), 3);
  EXPECT_EQ(served(known), "/api 10.0.0.1:31001 | /web 10.0.0.1:31001 10.0.0.2:31002");
}

TEST(KnownAppsTest, AnOlderListDoesNotUndoANewerAnswerOfAnApp) {
  KnownApps known;
  known.replace(apps({app_of_size("/web", 1)}), 1);
  known.replace(app_of_size("/web", 3), 3);
  known.replace(app_of_size("/new", 1), 4);
  known.replace(known.reconcile(apps({app_of_size("/web", 1)}), 2), 2);
  EXPECT_THAT(known.find("/web")->tasks, SizeIs(3));
  EXPECT_NE(known.find("/new"), nullptr);
  EXPECT_TRUE(known.is_outdated("/web", 2));
  EXPECT_TRUE(known.is_outdated("/other", 1)) << "the list is newer";
  EXPECT_FALSE(known.is_outdated("/web", 5));
}

TEST(KnownAppsTest, AHeldBackListAddsAndUpdatesButTakesNothingAway) {
  KnownApps known;
  MarathonApp web = app_of_size("/web", 3);
  known.replace(apps({web, app_of_size("/api", 1)}), 1);
  web.labels["subdomain"] = "new";
  web.tasks[0].state = "TASK_KILLED";
  web.tasks[1].state = "TASK_UNREACHABLE";
  web.tasks.pop_back();
  known.merge(known.reconcile(apps({web, app_of_size("/more", 1)}), 2), 2);
  EXPECT_EQ(served(known), "/api 10.0.0.1:31001 | /more 10.0.0.1:31001 | /web 10.0.0.2:31002 10.0.0.3:31003");
  EXPECT_EQ(known.find("/web")->labels.at("subdomain"), "new");
}

TEST(KnownAppsTest, AKeptTaskIsPlacedByTheNewerDefinitionOfItsApp) {
  MarathonApp container = app("/web", {task("c", "10.0.0.1", {})});
  container.network = NetworkMode::kContainer;
  container.ports[0].has_host_port = false;
  container.ports[0].container_port = 80;
  container.tasks[0].ip_addresses = {"9.0.0.1"};
  KnownApps known;
  known.adopt(state_of(apps({container})));
  container.tasks.clear();
  known.merge(container, 1);
  EXPECT_EQ(served(known), "/web 9.0.0.1:80");
}

TEST(KnownAppsTest, UnknownThingsThatEndAreNoChange) {
  KnownApps known;
  EXPECT_FALSE(known.app_gone("/web", 0));
  EXPECT_FALSE(known.task_gone("/web", "t", 0));
}

TEST(KnownAppsTest, AnAppThatEndedIsNotBroughtBackByAnOlderAnswer) {
  KnownApps known;
  known.replace(apps({app_of_size("/api", 1)}), 1);
  known.replace(app_of_size("/web", 1), 3);
  EXPECT_FALSE(known.is_outdated("/web", 3)) << "its own fetch";
  EXPECT_FALSE(known.is_outdated("/api", 1)) << "its own fetch";
  EXPECT_TRUE(known.app_gone("/web", 5));
  EXPECT_TRUE(known.is_outdated("/web", 5));
  EXPECT_FALSE(known.is_outdated("/web", 6));
  known.forget_before(5);
  for (const KnownApps::FetchId fetch : {2U, 5U}) {
    EXPECT_FALSE(known.reconcile(apps({app_of_size("/web", 1)}), fetch).contains("/web")) << fetch;
  }
  known.forget_before(6);
  EXPECT_TRUE(known.reconcile(apps({app_of_size("/web", 1)}), 6).contains("/web"));
}

}  // namespace
}  // namespace chorale::agent
