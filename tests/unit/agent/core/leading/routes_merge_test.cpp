// Apps that are served as one: who is one of them, and who gives way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/core/leading/routes.h"
#include "render/merged_apps.h"
#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RoutesMergeTest : public ::testing::Test {
 protected:
  RoutesMergeTest() { policy_.merge_label = "shown_as"; }
  Routes build(const std::vector<MarathonApp>& all, const render::RoutingState* served = nullptr) {
    return build_routes(apps(all), {}, policy_, memory_, TimePoint{}, served);
  }
  static MarathonApp shown_as(const std::string& id, const std::string& value,
                              const std::map<std::string, std::string>& more = {}) {
    MarathonApp made = app(id, {task(id.substr(1), "10.0.0.1", {static_cast<std::uint16_t>(31'000 + id.size())})});
    made.labels = more;
    if (!value.empty()) made.labels["shown_as"] = value;
    return made;
  }
  std::vector<std::string> paths(const Routes& routes) {
    std::vector<std::string> shown;
    for (const auto& one : render::merged_by_label(routes.state, policy_.merge_label).apps) shown.push_back(one.path);
    return shown;
  }

  RoutePolicy policy_;
  HealthMemory memory_;
};

TEST_F(RoutesMergeTest, AppsOfOneValueAreOneAndShareTheirHosts) {
  const Routes routes = build({shown_as("/blue", "web", {{"subdomain", "web web.example"}}),
                               shown_as("/green", "web", {{"subdomain", "web.example web"}}), shown_as("/x", "")});
  EXPECT_THAT(paths(routes), ElementsAre("/web", "/x"));
  EXPECT_THAT(routes.exclusions, IsEmpty()) << reasons(routes);
  const auto merged = render::merged_by_label(routes.state, policy_.merge_label);
  EXPECT_THAT(merged.apps[0].hosts, ElementsAre("web", "web.example"));
  EXPECT_EQ(merged.apps[0].servers().size(), 2U);
}

TEST_F(RoutesMergeTest, AHostOfAnotherAppStaysThatApps) {
  const Routes routes = build({shown_as("/a", "", {{"subdomain", "web"}}),
                               shown_as("/blue", "web", {{"subdomain", "web"}}), shown_as("/green", "shop")});
  EXPECT_THAT(reasons(routes), HasSubstr("/blue is served without host web: it belongs to /a"));
  const Routes same =
      build({shown_as("/blue", "web", {{"subdomain", "web"}}), shown_as("/green", "shop", {{"subdomain", "web"}})});
  EXPECT_THAT(reasons(same), HasSubstr("/green is served without host web: it belongs to /blue"));
}

TEST_F(RoutesMergeTest, ValueThatIsNoPathLeavesTheAppByItself) {
  const Routes routes = build({shown_as("/blue", "a b")});
  EXPECT_THAT(paths(routes), ElementsAre("/blue"));
  EXPECT_THAT(reasons(routes), HasSubstr("/blue is served by itself: its label shown_as "));
  policy_.longest_server_name = 20;
  const Routes longer = build({shown_as("/blue", std::string(20, 'a')), shown_as("/green", std::string(19, 'b'))});
  EXPECT_THAT(paths(longer), ElementsAre("/blue", "/" + std::string(19, 'b')));
  EXPECT_THAT(reasons(longer), HasSubstr("/blue is served by itself: its label shown_as has 21 bytes"));
}

TEST_F(RoutesMergeTest, WhoeverIsServedAtAPathKeepsIt) {
  const Routes first = build({shown_as("/web", "")});
  const std::vector<MarathonApp> all{shown_as("/blue", "web"), shown_as("/green", "web"), shown_as("/web", "")};
  const Routes app_was_first = build(all, &first.state);
  EXPECT_THAT(paths(app_was_first), ElementsAre("/blue", "/green", "/web"));
  EXPECT_THAT(reasons(app_was_first),
              HasSubstr("/green is served by itself: its label shown_as would make it /web, which is another app"));
  EXPECT_THAT(paths(build(all, &app_was_first.state)), ElementsAre("/blue", "/green", "/web"));

  const Routes merged = build({all[0], all[1]});
  EXPECT_THAT(paths(merged), ElementsAre("/web"));
  const Routes app_came_later = build(all, &merged.state);
  EXPECT_THAT(paths(app_came_later), ElementsAre("/web"));
  EXPECT_THAT(app_came_later.state.apps, ::testing::SizeIs(2));
  EXPECT_THAT(reasons(app_came_later),
              HasSubstr("/web is left out: other apps are served as one by its id: label shown_as"));

  EXPECT_THAT(paths(build(all)), ElementsAre("/blue", "/green", "/web"))
      << "nobody is served: an id is more than a label";
}

TEST_F(RoutesMergeTest, AnAppMayBeOneOfThoseThatAreShownAtItsPath) {
  const std::vector<MarathonApp> all{shown_as("/green", "web"), shown_as("/web", "web")};
  const Routes first = build(all);
  EXPECT_THAT(paths(first), ElementsAre("/web"));
  EXPECT_THAT(first.exclusions, IsEmpty()) << reasons(first);
  EXPECT_THAT(paths(build(all, &first.state)), ElementsAre("/web"));
  // It is served there, as one of them; by itself it stays there.
  const Routes alone = build({all[0], shown_as("/web", "")}, &first.state);
  EXPECT_THAT(paths(alone), ElementsAre("/green", "/web")) << reasons(alone);
}

TEST_F(RoutesMergeTest, AppsThatGiveWayAreAppsOfTheirOwn) {
  const Routes apart = build({shown_as("/blue", "web", {{"subdomain", "shop"}}),
                              shown_as("/green", "web", {{"subdomain", "shop"}}), shown_as("/web", "")});
  EXPECT_THAT(reasons(apart), HasSubstr("/green is served without host shop: it belongs to /blue"));
  for (const render::App& one : apart.state.apps) EXPECT_EQ(one.labels.count("shown_as"), 0U) << one.id;
}

TEST_F(RoutesMergeTest, WeightIsThatOfTheApp) {
  const Routes routes = build({shown_as("/blue", "web", {{"chorale.weight", "9"}}),
                               shown_as("/green", "web", {{"chorale.weight", "0"}}), shown_as("/x", "")});
  EXPECT_EQ(routes.state.apps[0].servers()[0].weight, 9);
  EXPECT_EQ(routes.state.apps[1].servers()[0].weight, 1);
  EXPECT_EQ(routes.state.apps[2].servers()[0].weight, 1);
  EXPECT_THAT(reasons(routes),
              HasSubstr("/green is served without its label chorale.weight: it is no whole number within 1..1000"));
}

TEST_F(RoutesMergeTest, WithoutTheKeyEveryAppIsItself) {
  policy_.merge_label.clear();
  const Routes routes = build({shown_as("/blue", "web"), shown_as("/web", "")});
  EXPECT_THAT(paths(routes), ElementsAre("/blue", "/web"));
  EXPECT_THAT(routes.exclusions, IsEmpty());
}

}  // namespace
}  // namespace chorale::agent
