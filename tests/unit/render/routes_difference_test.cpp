#include "render/routes_difference.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/render/sample_state.h"

namespace chorale::render {
namespace {

using Change = std::function<void(App&)>;

RoutingState difference_state(std::vector<App> apps) { return RoutingState{"eu-1", std::move(apps)}; }

// What sample_state() has otherwise once its first app, /shop/cart, was changed.
RoutesDifference after(const Change& change) {
  RoutingState state = sample_state();
  change(state.apps.front());
  return difference_of(sample_state(), state);
}

TEST(RoutesDifferenceTest, EqualStatesHaveNone) {
  const RoutesDifference difference = difference_of(sample_state(), sample_state());
  EXPECT_TRUE(difference.empty());
  EXPECT_EQ(difference, RoutesDifference{});
  EXPECT_EQ(difference_line(difference), "");
}

TEST(RoutesDifferenceTest, NamesAppsAddedAndRemovedAndCountsTheirServers) {
  const App two = sample_app("/two", {sample_server("10.0.0.1", 31000), sample_server("10.0.0.2", 31000)});
  const RoutesDifference difference =
      difference_of(difference_state({sample_app("/a"), sample_app("/c"), sample_app("/web")}),
                    difference_state({sample_app("/b"), sample_app("/c"), two}));
  EXPECT_EQ(difference.added, (std::vector<std::string>{"/b", "/two"}));
  EXPECT_EQ(difference.removed, (std::vector<std::string>{"/a", "/web"}));
  EXPECT_TRUE(difference.changed.empty());
  EXPECT_EQ(difference.servers_added, 3);
  EXPECT_EQ(difference.servers_removed, 2);
  EXPECT_FALSE(difference.empty());
  EXPECT_EQ(difference_line(difference), "added /b, /two, removed /a, /web");
}

TEST(RoutesDifferenceTest, FromNothingAllIsAddedAndToNothingAllIsRemoved) {
  const RoutesDifference begun = difference_of(difference_state({}), difference_state({sample_app("/a")}));
  EXPECT_EQ(difference_line(begun), "added /a");
  EXPECT_EQ(begun.servers_added, 1);
  EXPECT_FALSE(begun.empty());
  const RoutesDifference ended = difference_of(difference_state({sample_app("/a")}), difference_state({}));
  EXPECT_EQ(difference_line(ended), "removed /a");
  EXPECT_EQ(ended.servers_removed, 1);
  EXPECT_FALSE(ended.empty());
}

TEST(RoutesDifferenceTest, NamesTheServersOfAChangedApp) {
  const RoutesDifference difference = after([](App& cart) {
    cart.ports.front().servers = {sample_server("10.0.0.1", 31000), sample_server("10.0.0.3", 31001),
                                  sample_server("10.0.0.4", 31001)};
  });
  ASSERT_EQ(difference.changed.size(), 1u);
  const AppDifference& cart = difference.changed.front();
  EXPECT_EQ(cart.id, "/shop/cart");
  EXPECT_EQ(cart.servers_added, (std::vector<std::string>{"10.0.0.3:31001", "10.0.0.4:31001"}));
  EXPECT_EQ(cart.servers_removed, std::vector<std::string>{"10.0.0.2:31001"});
  EXPECT_TRUE(cart.aspects.empty());
  EXPECT_EQ(difference.servers_added, 2);
  EXPECT_EQ(difference.servers_removed, 1);
  EXPECT_FALSE(difference.empty());
  EXPECT_EQ(difference_line(difference), "/shop/cart +2 -1 servers");
}

TEST(RoutesDifferenceTest, OneServerIsSingular) {
  EXPECT_EQ(difference_line(after([](App& cart) { cart.ports.front().servers.pop_back(); })), "/shop/cart -1 server");
  EXPECT_EQ(difference_line(after([](App& cart) { cart.ports.front().servers.clear(); })), "/shop/cart -2 servers");
  EXPECT_EQ(
      difference_line(after([](App& cart) { cart.ports.front().servers.push_back(sample_server("10.0.0.9", 31000)); })),
      "/shop/cart +1 server");
}

// Mesos gives a port again as soon as it is free.
TEST(RoutesDifferenceTest, AnotherTaskAtTheSameAddressIsAnotherServer) {
  const RoutesDifference difference = after([](App& cart) { cart.ports.front().servers.back().task_id = "another"; });
  EXPECT_EQ(difference_line(difference), "/shop/cart +1 -1 server");
  EXPECT_EQ(difference.changed.front().servers_added, std::vector<std::string>{"10.0.0.2:31001"});
  EXPECT_EQ(difference.changed.front().servers_removed, std::vector<std::string>{"10.0.0.2:31001"});
}

TEST(RoutesDifferenceTest, SaysWhatElseOfAnAppHasChanged) {
  const std::pair<const char*, Change> changes[] = {
      {"name", [](App& cart) { cart.name = "other"; }},
      {"path", [](App& cart) { cart.path = "/other"; }},
      {"hosts", [](App& cart) { cart.hosts.pop_back(); }},
      {"weights", [](App& cart) { cart.ports.front().servers.front().weight = 2; }},
      {"health", [](App& cart) { cart.ports.front().servers.front().health = Health::kUnknown; }},
      {"versions", [](App& cart) { cart.ports.front().servers.front().version = "later"; }},
      {"labels", [](App& cart) { cart.labels.erase("owner"); }},
      {"env", [](App& cart) { cart.env.clear(); }},
      {"health path", [](App& cart) { cart.health_path.clear(); }},
      {"ports", [](App& cart) { cart.ports.pop_back(); }},
      {"ports", [](App& cart) { cart.ports.back().servers.front().weight = 2; }},
      {"ports", [](App& cart) { cart.ports.front().name = "other"; }},
      {"ports", [](App& cart) { cart.ports.front().protocol = "udp"; }},
      {"ports", [](App& cart) { cart.ports.front().service_port = 1; }},
      {"ports",
       [](App& cart) {
         cart.ports.front().labels = {{"a", "b"}};
       }},
      {"ports", [](App& cart) { cart.ports.front().hosts = {"a.example.com"}; }},
      {"ports", [](App& cart) { cart.ports.front().container_port = 80; }},
      {"ports", [](App& cart) { cart.ports.front().lost_port = 10'000; }},
  };
  for (const auto& [aspect, change] : changes) {
    const RoutesDifference difference = after(change);
    EXPECT_EQ(difference_line(difference), std::string("/shop/cart ") + aspect);
    EXPECT_EQ(difference.servers_added + difference.servers_removed, 0) << aspect;
  }
}

TEST(RoutesDifferenceTest, AnotherMainPortHasOtherServers) {
  const RoutesDifference difference = after([](App& cart) { cart.main_port = 1; });
  EXPECT_EQ(difference_line(difference), "/shop/cart +1 -2 servers, main port");
}

TEST(RoutesDifferenceTest, ARealmAloneIsADifference) {
  RoutingState state = sample_state();
  state.realm = "eu-2";
  const RoutesDifference difference = difference_of(sample_state(), state);
  EXPECT_FALSE(difference.empty());
  EXPECT_EQ(difference_line(difference), "realm");
}

TEST(RoutesDifferenceTest, TheLineNamesTenOfEachListAndCountsTheRest) {
  RoutingState before = difference_state({});
  RoutingState after = difference_state({});
  for (int number = 10; number < 32; ++number) {
    const std::string digits = std::to_string(number);
    before.apps.push_back(sample_app("/changed/" + digits));
    after.apps.push_back(sample_app("/changed/" + digits));
    after.apps.back().health_path = "/health";
  }
  for (int number = 10; number < 21; ++number) after.apps.push_back(sample_app("/new/" + std::to_string(number)));
  for (int number = 10; number < 20; ++number) before.apps.push_back(sample_app("/old/" + std::to_string(number)));
  const std::string line = difference_line(difference_of(before, after));
  EXPECT_TRUE(line.starts_with("/changed/10 health path, /changed/11 health path, ")) << line;
  EXPECT_NE(line.find("/changed/19 health path and 12 more, added /new/10, "), std::string::npos) << line;
  EXPECT_NE(line.find("/new/19 and 1 more, removed /old/10, "), std::string::npos) << line;
  EXPECT_TRUE(line.ends_with(", /old/19")) << line;
}

}  // namespace
}  // namespace chorale::render
