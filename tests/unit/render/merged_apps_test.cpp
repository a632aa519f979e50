// Apps that templates see as one.
#include "render/merged_apps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "render/app_labels.h"
#include "render/template.h"
#include "tests/unit/render/sample_state.h"

namespace chorale::render {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr const char* kLabel = "shown_as";

App member(const std::string& id, const std::string& value, const std::vector<std::string>& addresses,
           std::int32_t weight = 1) {
  App app;
  app.id = id;
  app.name = id.substr(1);
  app.path = id;
  app.hosts = {id.substr(1)};
  app.labels = {{kLabel, value}};
  Port port;
  for (const std::string& address : addresses) {
    Server server;
    server.address = address;
    server.weight = weight;
    port.servers.push_back(server);
  }
  app.ports = {port};
  return app;
}

std::vector<std::string> addresses_of(const std::vector<Server>& servers) {
  std::vector<std::string> addresses;
  for (const Server& server : servers) addresses.push_back(server.address + "*" + std::to_string(server.weight));
  return addresses;
}

std::vector<std::string> paths_of(const RoutingState& state) {
  std::vector<std::string> paths;
  for (const App& app : state.apps) paths.push_back(app.id + "=" + app.path + "=" + app.name);
  return paths;
}

TEST(MergedAppsTest, AppsWithOneValueAreOneWithTheServersOfAllAndTheirWeights) {
  const RoutingState state{
      "r",
      {member("/blue", "web", {"10.0.0.2:1", "10.0.0.4:1"}, 9), member("/cart", "", {"10.0.0.9:1"}),
       member("/green", "/web", {"10.0.0.3:1", "10.0.0.4:1"}, 1), member("/old", "Shop/web", {})}};
  const RoutingState merged = merged_by_label(state, kLabel);
  EXPECT_EQ(merged.realm, "r");
  EXPECT_THAT(paths_of(merged),
              ElementsAre("/blue=/web=web", "/cart=/cart=cart", "/old=/Shop/web=" + upstream_name("/Shop/web")));
  EXPECT_THAT(addresses_of(merged.apps[0].servers()), ElementsAre("10.0.0.2:1*9", "10.0.0.3:1*1", "10.0.0.4:1*9"));
  EXPECT_THAT(merged.apps[0].hosts, ElementsAre("blue", "green"));
  EXPECT_EQ(merged_by_label(state, ""), state);
  EXPECT_EQ(merged_by_label(state, "another"), state);
  App nameless = member("/blue", "web", {});
  nameless.labels[""] = "web";
  EXPECT_EQ(merged_by_label({"", {nameless}}, ""), (RoutingState{"", {nameless}})) << "no label is asked for";
}

TEST(MergedAppsTest, TheirPathIsNeverThatOfAnotherApp) {
  const RoutingState apart{"", {member("/blue", "web", {}), member("/green", "web", {}), member("/web", "", {})}};
  EXPECT_EQ(merged_by_label(apart, kLabel), apart);
  const RoutingState other{"", {member("/blue", "web", {}), member("/web", "shop", {})}};
  EXPECT_THAT(paths_of(merged_by_label(other, kLabel)), ElementsAre("/blue=/blue=blue", "/web=/shop=shop"));
  const RoutingState one_of_them{"", {member("/green", "web", {}), member("/web", "web", {})}};
  EXPECT_THAT(paths_of(merged_by_label(one_of_them, kLabel)), ElementsAre("/green=/web=web"));
}

TEST(MergedAppsTest, ValueThatIsNoPathMergesNothing) {
  for (const char* value : {"", "/", "a b", "a{", "../a", "a//b"}) EXPECT_FALSE(merged_path(value)) << value;
  EXPECT_EQ(*merged_path("a/b"), "/a/b");
  EXPECT_EQ(*merged_path("/a/b"), "/a/b");
}

TEST(MergedAppsTest, WhatCanBeThereOnceIsThatOfTheLowestIdAndNobodysDoorIsOpened) {
  App blue = member("/blue", "web", {});
  App green = member("/green", "web", {});
  blue.labels["owner"] = "jo";
  green.labels["owner"] = "al";
  green.labels["chorale.timeout"] = "5s";
  green.env = {{"A", "green"}};
  green.health_path = "/green";
  const App merged = merged_by_label({"", {blue, green}}, kLabel).apps.at(0);
  EXPECT_THAT(merged.labels,
              UnorderedElementsAre(Pair(kLabel, "web"), Pair("owner", "jo"), Pair("chorale.timeout", "5s")));
  EXPECT_THAT(merged.env, ElementsAre(Pair("A", "green")));
  EXPECT_EQ(merged.health_path, "/green");

  blue.labels[kAllowLabel] = "10.0.0.0/8";
  blue.health_path = "/blue";
  EXPECT_EQ(merged_by_label({"", {blue, green}}, kLabel).apps.at(0).labels.at(kAllowLabel), "10.0.0.0/8");
  EXPECT_EQ(merged_by_label({"", {blue, green}}, kLabel).apps.at(0).health_path, "/blue");
  green.labels[kAllowLabel] = kAllowNobody;
  EXPECT_EQ(merged_by_label({"", {blue, green}}, kLabel).apps.at(0).labels.at(kAllowLabel), kAllowNobody);
}

Port port(std::int32_t index, const std::string& address, const std::string& host) {
  Port made;
  made.index = index;
  made.hosts = {host};
  made.servers.resize(1);
  made.servers[0].address = address;
  return made;
}

TEST(MergedAppsTest, MainPortsMeetAndFurtherOnesByTheirIndex) {
  App blue = member("/blue", "web", {});
  blue.ports = {port(0, "10.0.0.1:1", "a"), port(2, "10.0.0.1:3", "b")};
  App green = member("/green", "web", {});
  green.main_port = 1;
  green.ports = {port(0, "10.0.0.2:1", "c"), port(1, "10.0.0.2:2", "d"), port(2, "10.0.0.2:3", "b")};
  const App merged = merged_by_label({"", {blue, green}}, kLabel).apps.at(0);
  ASSERT_EQ(merged.ports.size(), 3U);
  EXPECT_EQ(merged.main_port, 0);
  EXPECT_THAT(addresses_of(merged.servers()), ElementsAre("10.0.0.1:1*1", "10.0.0.2:2*1"));
  EXPECT_THAT(merged.ports[0].hosts, ElementsAre("a", "d"));
  EXPECT_EQ(merged.ports[1].index, 2);
  EXPECT_THAT(addresses_of(merged.ports[1].servers), ElementsAre("10.0.0.1:3*1", "10.0.0.2:3*1"));
  EXPECT_THAT(merged.ports[1].hosts, ElementsAre("b"));
  EXPECT_EQ(merged.ports[2].index, 3);
  EXPECT_THAT(addresses_of(merged.ports[2].servers), ElementsAre("10.0.0.2:1*1"));
}

TEST(MergedAppsTest, TemplatesSeeTheOneAndErrorsLeadToAMember) {
  const auto compiled = Template::compile(
      "x\n{{#apps}}\nupstream {{name}}\n{{#servers}}\n {{address}} {{weight}}\n{{/servers}}\n{{/apps}}\n", "t",
      {{}, kLabel});
  ASSERT_TRUE(compiled);
  const RoutingState state{"", {member("/blue", "web", {"10.0.0.2:1"}, 9), member("/green", "web", {"10.0.0.3:1"})}};
  const auto rendered = compiled->render(state);
  ASSERT_TRUE(rendered);
  EXPECT_EQ(rendered->text, "x\nupstream web\n 10.0.0.2:1 9\n 10.0.0.3:1 1\n");
  EXPECT_EQ(app_at_line(*rendered, 4), "/blue");
  EXPECT_EQ(compiled->line_of(state, 4), 5);
}

}  // namespace
}  // namespace chorale::render
