// Who is reached by which host and name: whoever has one keeps it, whatever ids others choose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/core/leading/routes.h"
#include "render/invariants.h"
#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

MarathonApp under(const std::string& id, const std::string& subdomain) {
  MarathonApp made = app_of_size(id, 1);
  made.labels["subdomain"] = subdomain;
  return made;
}

// "/a: x y | /b: z"
std::string hosts(const render::RoutingState& state) {
  std::string text;
  for (const render::App& one : state.apps) {
    text += (text.empty() ? "" : " | ") + one.id + ":";
    for (const std::string& host : one.hosts) text += " " + host;
  }
  return text;
}

Routes routes_after(const MarathonApps& before, const MarathonApps& list, const RoutePolicy& policy = {}) {
  const render::RoutingState served = state_of(before);
  return routes_of(list, policy, {}, &served);
}

TEST(RoutesHostsTest, ANewAppDoesNotTakeTheHostOfARunningOneByALowerId) {
  const MarathonApps before = apps({app_of_size("/hello-world", 1)});
  const MarathonApps after = apps({app_of_size("/hello-world", 1), under("/aaa", "hello-world mine")});
  const Routes routes = routes_after(before, after);
  EXPECT_EQ(hosts(routes.state), "/aaa: mine | /hello-world: hello-world");
  EXPECT_EQ(reasons(routes), "/aaa is served without host hello-world: it belongs to /hello-world\n");
  EXPECT_EQ(hosts(routes_of(after).state), "/aaa: hello-world mine | /hello-world:") << "nothing is served: lowest id";
}

TEST(RoutesHostsTest, AHostThatItsHolderAsksForNoMoreIsFree) {
  const MarathonApps before = apps({under("/b", "shop"), under("/c", "other")});
  EXPECT_EQ(hosts(routes_after(before, apps({under("/a", "shop"), under("/b", "else")})).state), "/a: shop | /b: else");
  EXPECT_EQ(hosts(routes_after(before, apps({under("/a", "shop")})).state), "/a: shop") << "the holder is gone";
  EXPECT_EQ(hosts(routes_after(before, apps({under("/a", "other"), under("/b", "shop")})).state),
            "/a: other | /b: shop");
}

TEST(RoutesHostsTest, TheHolderOfOneHostGetsNoOtherByThat) {
  const MarathonApps before = apps({under("/b", "one"), under("/c", "two")});
  const Routes routes = routes_after(before, apps({under("/b", "two one"), under("/c", "two")}));
  EXPECT_EQ(hosts(routes.state), "/b: one | /c: two");
}

TEST(RoutesHostsTest, ATrackerKeepsTheHolderThroughItsLife) {
  TrackerScene scene;
  scene.settle(apps({app_of_size("/hello-world", 1)}));
  scene.send(SyncRequested{});
  scene.answer_list(apps({app_of_size("/hello-world", 1), under("/aaa", "hello-world")}));
  scene.pass(Milliseconds(1'000));
  ASSERT_THAT(scene.offers, SizeIs(1));
  EXPECT_EQ(hosts(*scene.offers[0].state), "/aaa: | /hello-world: hello-world");
  EXPECT_THAT(scene.log, HasSubstr("app /aaa is served without host hello-world: it belongs to /hello-world"));
  scene.commit();
  scene.pass(Milliseconds(1'000));
  scene.forget();
  scene.status("/hello-world", "hello-world-1", "TASK_KILLED");
  scene.event("app_terminated_event", "/hello-world");
  scene.pass(Milliseconds(1'000));
  ASSERT_THAT(scene.offers, SizeIs(1));
  EXPECT_EQ(hosts(*scene.offers[0].state), "/aaa: hello-world") << "now it is free";
  scene.commit();
  scene.pass(Milliseconds(1'000));
  scene.forget();
  scene.send(SyncRequested{});
  scene.answer_list(apps({app_of_size("/hello-world", 1), under("/aaa", "hello-world")}));
  scene.pass(Milliseconds(1'000));
  EXPECT_EQ(hosts(*scene.offers.at(0).state), "/aaa: hello-world | /hello-world:") << "the commit made it the holder";
}

TEST(RoutesHostsTest, ANewLeaderKeepsTheHolders) {
  const MarathonApps list = apps({under("/b", "shop")});
  const MarathonApps later = apps({under("/a", "shop"), under("/b", "shop")});
  for (const bool committed : {true, false}) {
    TrackerScene scene;
    TrackingBegun begun;
    (committed ? begun.committed : begun.applied) = state_of(list);
    scene.send(begun);
    scene.send(StreamAttached{"http://a"});
    scene.answer_list(later);
    scene.pass(Milliseconds(1'000));
    EXPECT_EQ(hosts(*scene.offers.at(0).state), "/a: | /b: shop") << committed;
  }
}

TEST(RoutesHostsTest, AnAppWithoutHostHasAStandInThatNobodyElseCanHave) {
  const Routes routes = routes_of(apps({under("/a", "x"), under("/b/c", "x"), under("/d", "c.b")}));
  EXPECT_EQ(hosts(routes.state), "/a: x | /b/c: | /d: c.b");
  EXPECT_EQ(render::host_of(routes.state.apps[1]), "_c.b");
  EXPECT_EQ(render::host_of(routes.state.apps[2]), "c.b");
  EXPECT_THAT(reasons(routes), HasSubstr("/b/c is served by path only: all its hosts belong to other apps"));
}

TEST(RoutesHostsTest, NoNewAppRenamesARunningOne) {
  for (const auto& [first, second] :
       std::vector<std::pair<std::string, std::string>>{{"/b/a", "/a.b"}, {"/web", "/Web"}, {"/a.b/c", "/A.b/c"}}) {
    const auto name_of = [](const MarathonApps& list, const std::string& id) {
      for (const render::App& one : state_of(list).apps) {
        if (one.id == id) return one.name;
      }
      return std::string("absent");
    };
    const MarathonApps both = apps({app_of_size(first, 1), app_of_size(second, 1)});
    EXPECT_EQ(name_of(both, first), name_of(apps({app_of_size(first, 1)}), first)) << first;
    EXPECT_EQ(name_of(both, second), name_of(apps({app_of_size(second, 1)}), second)) << second;
    EXPECT_FALSE(render::find_broken_invariant(state_of(both)));
  }
}

TEST(RoutesHostsTest, AWildcardIsNoHost) {
  const Routes routes = routes_of(apps({under("/web", "*.foo good")}));
  EXPECT_EQ(hosts(routes.state), "/web: good");
  EXPECT_THAT(reasons(routes), HasSubstr("/web is served without host \"*.foo\" of label subdomain: it has '*'"));
}

TEST(RoutesHostsTest, AStarIsNoPartOfAHostAnywhere) {
  const Routes routes = routes_of(apps({under("/web", "www.* a*b good")}));
  EXPECT_EQ(hosts(routes.state), "/web: good");
  EXPECT_THAT(reasons(routes),
              HasSubstr("host \"www.*\" of label subdomain: it has '*', and wildcards are not served"));
  EXPECT_THAT(reasons(routes), HasSubstr("host \"a*b\" of label subdomain: it has '*'"));
}

TEST(RoutesHostsTest, HostsAreLowerCaseAndThereOnce) {
  const Routes routes = routes_of(apps({under("/web", "Web WEB web shop"), app_of_size("/Shop/Cart", 1)}));
  EXPECT_EQ(hosts(routes.state), "/Shop/Cart: cart.shop | /web: web shop");
  EXPECT_EQ(reasons(routes), "");
}

TEST(RoutesHostsTest, AHostThatTheTemplateCannotTakeIsLeftOutAndNamed) {
  RoutePolicy policy;
  policy.longest_server_name = 46;
  const std::string fits(46, 'h');
  const std::string longer(47, 'h');
  const Routes label = routes_of(apps({under("/web", longer + " " + fits)}), policy);
  EXPECT_EQ(hosts(label.state), "/web: " + fits);
  EXPECT_THAT(reasons(label), HasSubstr("it has 47 bytes, more than the 46 that the template in use can take"));
  EXPECT_THAT(routes_of(apps({under("/web", longer)}), policy).state.apps, IsEmpty());
  EXPECT_EQ(hosts(routes_of(apps({under("/web", longer)})).state), "/web: " + longer) << "without a bound";

  const Routes id =
      routes_of(apps({app_of_size("/" + fits, 1), app_of_size("/" + longer, 1), app_of_size("/z", 1)}), policy);
  EXPECT_EQ(hosts(id.state), "/" + fits + ": " + fits + " | /z: z");
  EXPECT_THAT(reasons(id), HasSubstr("is left out: it has no host, and its own name has 48 bytes"));
}

TEST(RoutesHostsTest, AStandInThatTheTemplateCannotTakeLeavesTheAppOut) {
  RoutePolicy policy;
  policy.longest_server_name = 46;
  MarathonApp fits = under("/" + std::string(45, 'b'), "x");
  MarathonApp longer = under("/" + std::string(46, 'b'), "x");
  EXPECT_EQ(hosts(routes_of(apps({under("/a", "x"), fits, longer}), policy).state), "/a: x | " + fits.id + ":");
}

TEST(RoutesHostsTest, TheBoundOfTheTemplateInUseCounts) {
  const std::string host(50, 'h');
  TrackerScene scene;
  TrackingBegun begun;
  begun.longest_server_name = 46;
  scene.send(begun);
  scene.send(StreamAttached{"http://a"});
  scene.answer_list(apps({under("/web", host + " short")}));
  scene.pass(Milliseconds(1'000));
  EXPECT_EQ(hosts(*scene.offers.at(0).state), "/web: short");
  scene.commit();
  scene.send(TemplateChanged{110});
  scene.pass(Milliseconds(1'000));
  EXPECT_EQ(hosts(*scene.offers.back().state), "/web: " + host + " short");
}

}  // namespace
}  // namespace chorale::agent
