// Which apps want what another one has, read from what the leader's own code makes of them.
#include "agent/core/conflicts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

MarathonApp wants(const std::string& id, std::map<std::string, std::string> labels) {
  MarathonApp made = app_of_size(id, 1);
  made.labels = std::move(labels);
  return made;
}

MarathonApp listens(const std::string& id, const std::string& protocol, std::int32_t service_port = 10'000) {
  MarathonApp made = app_of_size(id, 1);
  made.ports[0].service_port = service_port;
  made.ports[0].protocol = protocol;
  return made;
}

RoutePolicy listening() {
  RoutePolicy policy;
  policy.service_ports = render::ServicePortRange{};
  return policy;
}

std::vector<Conflict> found(std::vector<MarathonApp> list, const RoutePolicy& policy = {}) {
  return conflicts_of(routes_of(apps(std::move(list)), policy).state, policy.merge_label);
}

TEST(ConflictsTest, NobodyWantsWhatAnotherHas) {
  EXPECT_THAT(conflicts_of({}, ""), IsEmpty());
  EXPECT_THAT(found({app_of_size("/a", 1), wants("/b", {{"subdomain", "b.example c.example"}})}), IsEmpty());
}

TEST(ConflictsTest, HostNamesWhoHasItAndAllWhoDoNotGetIt) {
  EXPECT_THAT(
      found({wants("/c", {{"subdomain", "SHOP.example other.example"}}),
             wants("/b", {{"moxy_subdomain", "shop.example"}}), wants("/a", {{"subdomain", "shop.example"}}),
             wants("/d", {{"subdomain", "other.example"}})}),
      ElementsAre(Conflict{"other.example", 0, "", "/c", {"/d"}}, Conflict{"shop.example", 0, "", "/a", {"/b", "/c"}}));
}

TEST(ConflictsTest, AnIdAsksForAHostToo) {
  EXPECT_THAT(found({wants("/a", {{"subdomain", "cart.shop"}}), app_of_size("/shop/cart", 1)}),
              ElementsAre(Conflict{"cart.shop", 0, "", "/a", {"/shop/cart"}}));
}

TEST(ConflictsTest, HostsOfPortsCountForTheirApp) {
  MarathonApp ports = app("/ports", {task("p", "10.0.0.9", {31001, 31002, 31003})});
  ports.ports.resize(3);
  ports.ports[2].name = "admin";
  ports.labels = {{"chorale.1.host", "one.example"}, {"chorale.admin.host", "admin.example one.example ports"}};
  EXPECT_THAT(found({ports}), IsEmpty()) << "of its own ports one has it, and that is no other app";
  EXPECT_THAT(
      found({ports, wants("/a", {{"subdomain", "admin.example"}}), wants("/z", {{"subdomain", "one.example"}})}),
      ElementsAre(Conflict{"admin.example", 0, "", "/a", {"/ports"}},
                  Conflict{"one.example", 0, "", "/ports", {"/z"}}));
}

TEST(ConflictsTest, AppsThatAreShownAsOneShareTheirHosts) {
  const auto coloured = [](const std::string& id, const std::string& service) {
    return wants(id, {{"subdomain", "shop.example"}, {"service", service}});
  };
  RoutePolicy policy;
  policy.merge_label = "service";
  EXPECT_THAT(found({coloured("/blue", "/shop"), coloured("/green", "/shop")}, policy), IsEmpty());
  EXPECT_THAT(found({coloured("/blue", "/shop"), coloured("/green", "/shop"), coloured("/red", "/other"),
                     wants("/white", {{"subdomain", "shop.example"}})},
                    policy),
              ElementsAre(Conflict{"shop.example", 0, "", "/blue", {"/red", "/white"}}));
  EXPECT_THAT(conflicts_of(routes_of(apps({coloured("/blue", "/shop"), coloured("/green", "/shop")})).state, ""),
              ElementsAre(Conflict{"shop.example", 0, "", "/blue", {"/green"}}));
}

TEST(ConflictsTest, ServicePortsByWhatIsSpokenThere) {
  EXPECT_THAT(found({listens("/a", "tcp"), listens("/b", "tcp"), listens("/c", "udp"), listens("/d", "udp,tcp"),
                     listens("/e", "tcp", 10'001), listens("/ssh", "tcp", 22), listens("/sh", "tcp", 22)},
                    listening()),
              ElementsAre(Conflict{"", 10'000, "tcp", "/a", {"/b", "/d"}}, Conflict{"", 10'000, "udp", "/c", {"/d"}}));
  EXPECT_THAT(found({listens("/a", "tcp"), listens("/b", "tcp")}), IsEmpty()) << "nobody listens there";
}

TEST(ConflictsTest, TwoPortsOfOneAppLoseTogether) {
  MarathonApp both = app("/both", {task("p", "10.0.0.9", {31001, 31002})});
  both.ports.resize(2);
  both.ports[0].service_port = both.ports[1].service_port = 10'000;
  EXPECT_THAT(found({listens("/a", "tcp"), both}, listening()),
              ElementsAre(Conflict{"", 10'000, "tcp", "/a", {"/both"}}));
  EXPECT_THAT(found({both}, listening()), IsEmpty());
}

// What is quarantined may keep a port that its owner does not have any more.
TEST(ConflictsTest, LostPortThatNobodyHasIsNoConflict) {
  render::RoutingState state = routes_of(apps({listens("/a", "tcp"), listens("/b", "tcp")}), listening()).state;
  state.apps.erase(state.apps.begin());
  ASSERT_EQ(state.apps[0].ports[0].lost_port, 10'000);
  EXPECT_THAT(conflicts_of(state, ""), IsEmpty());
  state.apps[0].ports.push_back(state.apps[0].ports[0]);
  state.apps[0].ports[1].index = 1;
  state.apps[0].ports[1].service_port = std::exchange(state.apps[0].ports[1].lost_port, 0);
  EXPECT_THAT(conflicts_of(state, ""), IsEmpty()) << "it has it itself";
}

TEST(ConflictsTest, AllThatWantOneHostAreNamed) {
  std::vector<MarathonApp> list;
  for (int i = 0; i < 500; ++i) {
    list.push_back(wants("/app-" + std::to_string(1'000 + i), {{"subdomain", "shop.example"}}));
  }
  const auto conflicts = conflicts_of(routes_of(apps(std::move(list))).state, "");
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].losers.size(), 499U);
  EXPECT_EQ(conflicts[0].losers.back(), "/app-1499");
}

}  // namespace
}  // namespace chorale::agent
