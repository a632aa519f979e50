// Slaves known by host name: what is served stays where it is, whatever the resolver of the proxy that leads says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/core/leading/tracker_scene.h"

namespace chorale::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const ResolvedNames kTruth = {{"node-1", {"10.0.0.1"}}, {"node-2", {"10.0.0.2"}}};
const ResolvedNames kStale = {{"node-1", {"10.0.0.91"}}, {"node-2", {"10.0.0.92"}}};

MarathonApps web_on(std::vector<std::string> nodes) {
  MarathonApp web = app("/web", {});
  for (const std::string& node : nodes) {
    const auto number = static_cast<std::uint16_t>(31'001 + web.tasks.size());
    web.tasks.push_back(task("web-" + std::to_string(web.tasks.size() + 1), node, {number}));
  }
  return apps({web});
}

Routes after(const render::RoutingState& served, const MarathonApps& list, const ResolvedNames& names) {
  return routes_of(list, {}, names, &served);
}

TEST(SlaveAddressesTest, AServedTaskStaysAndNewOnesOfItsSlaveGoThereToo) {
  const auto served = routes_of(web_on({"node-1"}), {}, kTruth).state;
  const Routes routes = after(served, web_on({"node-1", "node-1", "node-2"}), kStale);
  EXPECT_EQ(summary(routes.state), "/web 10.0.0.1:31001 10.0.0.1:31002 10.0.0.92:31003");
  EXPECT_THAT(routes.disputes, ElementsAre(NameDispute{"node-1", "10.0.0.1", "10.0.0.91"}));
}

TEST(SlaveAddressesTest, ANewTaskOfAnotherAppGoesWhereTheSlaveIs) {
  const auto served = routes_of(web_on({"node-1"}), {}, kTruth).state;
  MarathonApps list = web_on({"node-1"});
  for (const char* id : {"/api", "/zoo"})
    list.emplace(id, app(id, {task(std::string(id).substr(1), "node-1", {31'009})}));
  EXPECT_EQ(summary(after(served, list, kStale).state),
            "/api 10.0.0.1:31009 | /web 10.0.0.1:31001 | /zoo 10.0.0.1:31009");
  EXPECT_EQ(summary(after(served, list, {}).state), summary(after(served, list, kStale).state))
      << "a resolver without an answer takes nothing away";
}

TEST(SlaveAddressesTest, ASlaveWithoutServedTasksIsWhereTheResolverSays) {
  const auto served = routes_of(web_on({"node-1"}), {}, kTruth).state;
  MarathonApps later = web_on({"node-1"});
  later["/web"].tasks[0].id = "web-9";
  const Routes routes = after(served, later, kStale);
  EXPECT_EQ(summary(routes.state), "/web 10.0.0.91:31001");
  EXPECT_THAT(routes.disputes, IsEmpty());
}

TEST(SlaveAddressesTest, TheSameAddressAmongOthersIsNoDispute) {
  const auto served = routes_of(web_on({"node-1"}), {}, kTruth).state;
  const Routes routes = after(served, web_on({"node-1"}), {{"node-1", {"10.0.0.0", "10.0.0.1"}}});
  EXPECT_EQ(summary(routes.state), "/web 10.0.0.1:31001");
  EXPECT_THAT(routes.disputes, IsEmpty());
}

TEST(SlaveAddressesTest, OfTwoAddressesOfASlaveNewTasksTakeTheOneThatResolves) {
  auto served = routes_of(web_on({"node-1", "node-1"}), {}, kTruth).state;
  render::Server& moved = served.apps[0].ports[0].servers[1];
  moved.host = "10.0.0.7";
  moved.address = "10.0.0.7:31002";
  const MarathonApps list = web_on({"node-1", "node-1", "node-1"});
  EXPECT_EQ(summary(after(served, list, {{"node-1", {"10.0.0.7"}}}).state),
            "/web 10.0.0.1:31001 10.0.0.7:31002 10.0.0.7:31003");
  EXPECT_EQ(summary(after(served, list, {{"node-1", {"10.0.0.9"}}}).state),
            "/web 10.0.0.1:31001 10.0.0.1:31003 10.0.0.7:31002");
}

TEST(SlaveAddressesTest, AnAddressThatNoServerMayHaveIsNotKept) {
  RoutePolicy loopback;
  loopback.serve_loopback = true;
  const auto served = routes_of(web_on({"node-1"}), loopback, {{"node-1", {"127.0.0.1"}}}).state;
  ASSERT_EQ(summary(served), "/web 127.0.0.1:31001");
  EXPECT_EQ(summary(after(served, web_on({"node-1"}), kTruth).state), "/web 10.0.0.1:31001");
}

TEST(SlaveAddressesTest, AContainersOwnAddressSaysNothingOfItsSlave) {
  MarathonApp web = app("/web", {task("web-1", "node-1", {})});
  web.network = NetworkMode::kContainer;
  web.ports[0].has_host_port = false;
  web.ports[0].container_port = 80;
  web.tasks[0].ip_addresses = {"9.0.0.1"};
  const auto served = routes_of(apps({web})).state;
  ASSERT_EQ(summary(served), "/web 9.0.0.1:80");
  const Routes routes = after(served, apps({web, app("/zoo", {task("zoo-1", "node-1", {31'009})})}), kTruth);
  EXPECT_EQ(summary(routes.state), "/web 9.0.0.1:80 | /zoo 10.0.0.1:31009");
  EXPECT_THAT(routes.disputes, IsEmpty());
}

// A leader whose hosts file is stale.
TEST(SlaveAddressesTest, ALeaderWithAnotherResolverMovesNothingAndSaysSo) {
  TrackerScene scene;
  scene.send(TrackingBegun{routes_of(web_on({"node-1", "node-2"}), {}, kTruth).state, std::nullopt});
  scene.send(StreamAttached{"http://a"});
  scene.answer_list(web_on({"node-1", "node-2"}));
  ASSERT_THAT(scene.questions, SizeIs(1));
  scene.pass(Milliseconds(1'000));
  EXPECT_EQ(scene.offered(), "/web 10.0.0.1:31001 10.0.0.2:31002") << "known before the resolver answers";
  scene.commit();
  scene.send(NamesResolved{kStale, {}});
  scene.pass(Milliseconds(1'000));
  EXPECT_EQ(scene.offered(), "/web 10.0.0.1:31001 10.0.0.2:31002");
  EXPECT_THAT(scene.offers, SizeIs(1));
  ASSERT_TRUE(scene.tracker.name_trouble());
  EXPECT_EQ(scene.tracker.name_trouble()->message,
            "host name node-1 resolves to 10.0.0.91 on this proxy, its running tasks are served at 10.0.0.1 and stay "
            "there; check its resolver and /etc/hosts (and 1 more names)");
  EXPECT_THAT(scene.log, HasSubstr("host name node-1 resolves to 10.0.0.91"));
  scene.forget();

  scene.status("/web", "web-3", "TASK_RUNNING");
  scene.pass(Milliseconds(20));
  scene.answer_app(web_on({"node-1", "node-2", "node-2"}).at("/web"));
  scene.pass(Milliseconds(1'000));
  EXPECT_EQ(scene.offered(), "/web 10.0.0.1:31001 10.0.0.2:31002 10.0.0.2:31003");
  EXPECT_THAT(scene.log, testing::Not(HasSubstr("10.0.0.91"))) << "said once";
  scene.commit();
  scene.send(NamesResolved{kTruth, {}});
  scene.pass(Milliseconds(1'000));
  EXPECT_EQ(scene.tracker.name_trouble(), std::nullopt);
}

// The first state of all.
class FirstNamesTest : public testing::Test {
 protected:
  void begin(const MarathonApps& list) {
    scene_.send(TrackingBegun{});
    scene_.send(StreamAttached{"http://a"});
    scene_.answer_list(list);
  }
  TrackerScene scene_;
};

TEST_F(FirstNamesTest, TheFirstOfferWaitsUntilEveryNameIsAnsweredOrHasTimedOut) {
  begin(web_on({"node-1", "node-2"}));
  scene_.send(NamesResolved{{{"node-1", {"10.0.0.1"}}}, {}});
  scene_.pass(Milliseconds(4'900));
  EXPECT_THAT(scene_.offers, IsEmpty()) << "node-2 may still be answered";
  scene_.send(NamesResolved{{}, {{"node-2", "no answer within 5 s"}}});
  ASSERT_THAT(scene_.offers, SizeIs(1));
  EXPECT_EQ(scene_.offered(), "/web 10.0.0.1:31001");
  scene_.commit();
  scene_.send(NamesResolved{{{"node-2", {"10.0.0.2"}}}, {}});
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offered(), "/web 10.0.0.1:31001 10.0.0.2:31002") << "late is better than never";
}

TEST_F(FirstNamesTest, AResolverThatNeverAnswersIsNotWaitedForLonger) {
  begin(web_on({"node-1", "node-2"}));
  scene_.send(NamesResolved{{{"node-1", {"10.0.0.1"}}}, {}});
  scene_.pass(Milliseconds(6'100));
  EXPECT_EQ(scene_.offered(), "/web 10.0.0.1:31001");
}

TEST_F(FirstNamesTest, LaterOffersWaitASecond) {
  begin(web_on({"node-1"}));
  scene_.send(NamesResolved{{{"node-1", {"10.0.0.1"}}}, {}});
  scene_.pass(Milliseconds(1'000));
  scene_.commit();
  scene_.pass(Milliseconds(1'000));
  scene_.forget();
  scene_.status("/web", "web-2", "TASK_RUNNING");
  scene_.pass(Milliseconds(20));
  scene_.answer_app(web_on({"node-1", "node-2", "node-1"}).at("/web"));
  scene_.pass(Milliseconds(900));
  EXPECT_THAT(scene_.offers, IsEmpty());
  scene_.pass(Milliseconds(200));
  EXPECT_EQ(scene_.offered(), "/web 10.0.0.1:31001 10.0.0.1:31003");
}

TEST_F(FirstNamesTest, AStateWithoutAppsIsNotOfferedBecauseNoNameResolves) {
  begin(web_on({"node-1", "node-2"}));
  scene_.send(NamesResolved{{}, {{"node-1", "timed out"}, {"node-2", "timed out"}}});
  scene_.pass(std::chrono::minutes(5));
  EXPECT_THAT(scene_.offers, IsEmpty());
  EXPECT_THAT(scene_.tracker.name_trouble().value_or(Failure{}).message, HasSubstr("no slave's name resolves"));
  scene_.send(NamesResolved{{{"node-1", {"10.0.0.1"}}}, {}});
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offered(), "/web 10.0.0.1:31001");
  EXPECT_EQ(scene_.tracker.name_trouble(), std::nullopt);
}

TEST_F(FirstNamesTest, AStateWithoutAppsIsOfferedWhereNoneRuns) {
  begin(apps({app("/idle", {})}));
  scene_.pass(Milliseconds(1'000));
  EXPECT_EQ(scene_.offered(), "");
}

}  // namespace
}  // namespace chorale::agent
