// What the verbs print.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/cli/routes_text.h"
#include "agent/cli/status_text.h"
#include "agent/cli/table.h"

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

coordination::Identity identity(std::int64_t revision, char digest = 'a') {
  return {coordination::Epoch{7}, coordination::Revision{revision}, std::string(64, digest)};
}

coordination::AgentDocument agent(const std::string& id, std::optional<coordination::Identity> applied) {
  coordination::AgentDocument document;
  document.id = id;
  document.condition = coordination::Condition::kOk;
  document.message = "OK";
  if (applied) document.applied = coordination::AppliedEntry{*applied, "2026-11-22T12:00:00.000Z"};
  return document;
}

TEST(StatusTextTest, ShowsLeaderRevisionAndEveryAgentsLag) {
  coordination::ClusterSnapshot snapshot;
  snapshot.state.leader = "proxy-2";
  snapshot.state.epoch = coordination::Epoch{7};
  snapshot.state.committed =
      coordination::RevisionHeader{identity(41), "2026-11-22T12:00:00.000Z", "status_update_event /web", 20, 61, 0};
  snapshot.agents = {agent("proxy-1", identity(41)), agent("proxy-2", identity(38)), agent("proxy-3", std::nullopt),
                     agent("proxy-4", identity(41, 'b'))};
  EXPECT_EQ(status_text(snapshot), R"(leader     proxy-2
epoch      7
committed  7.41  aaaaaaaaaaaa  20 apps, 61 servers  2026-11-22T12:00:00.000Z
cause      status_update_event /web

AGENT    ROLE      STATUS  APPLIED  DIGEST        LAG      MESSAGE
proxy-1  follower  ok      7.41     aaaaaaaaaaaa  0        OK
proxy-2  follower  ok      7.38     aaaaaaaaaaaa  3        OK
proxy-3  follower  ok      -        -             -        OK
proxy-4  follower  ok      7.41     bbbbbbbbbbbb  differs  OK
)");
}

TEST(StatusTextTest, ShowsWhoObservesAndWhatItWrote) {
  coordination::ClusterSnapshot snapshot;
  snapshot.state.committed = coordination::RevisionHeader{identity(41), "then", "deployment", 20, 61, 0};
  snapshot.agents = {agent("proxy-1", identity(41)), agent("proxy-2", std::nullopt), agent("proxy-3", std::nullopt)};
  snapshot.agents[1].applies = false;
  snapshot.agents[1].shadow = coordination::AppliedEntry{identity(39, 'b'), "then"};
  snapshot.agents[2].applies = false;
  for (auto& each : snapshot.agents) each.policy = {{"realm", "prod"}};
  snapshot.agents[1].policy = {{"realm", "prdo"}};
  snapshot.members = {{"proxy-1", {}}};
  const std::string text = status_text(snapshot);
  EXPECT_THAT(text, HasSubstr("proxy-1  follower  ok      7.41     aaaaaaaaaaaa  0    OK\n"
                              "proxy-2  observer  ok      7.39     bbbbbbbbbbbb  2    OK\n"
                              "proxy-3  observer  ok      -        -             -    OK\n"));
  EXPECT_THAT(text, HasSubstr("\nproxy-2 observes, its policy is not the pool's: realm is \"prdo\" here"));
  EXPECT_THAT(text, Not(HasSubstr("missing")));
}

TEST(StatusTextTest, ShowsWhatIsBlockedAndWhoIsLate) {
  coordination::ClusterSnapshot snapshot;
  snapshot.agents = {agent("proxy-1", std::nullopt), agent("proxy-2", std::nullopt)};
  EXPECT_THAT(status_text(snapshot), Not(HasSubstr("blocked")));
  EXPECT_THAT(status_text(snapshot), Not(HasSubstr("late ")));
  snapshot.agents[1].blocked = coordination::Blocked{"2026-11-22T12:00:00.000Z", "a\x1b: no"};
  snapshot.agents[1].late = {"proxy-3", "proxy-4"};
  EXPECT_THAT(status_text(snapshot), Not(HasSubstr("held back")));
  snapshot.agents[1].held_back = coordination::HeldLoss{"0123456789ab", "Marathon lists 0 of 1 apps"};
  const std::string text = status_text(snapshot);
  EXPECT_THAT(text, HasSubstr("\nheld back  Marathon lists 0 of 1 apps; if it is real: chorale accept 0123456789ab\n"));
  EXPECT_THAT(text, HasSubstr("\nblocked    since 2026-11-22T12:00:00.000Z: a"));
  EXPECT_THAT(text, HasSubstr("\nlate       proxy-3, proxy-4\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(StatusTextTest, ShowsHowLargeTheTreeIs) {
  coordination::ClusterSnapshot snapshot;
  snapshot.agents = {agent("proxy-1", std::nullopt), agent("proxy-2", std::nullopt)};
  EXPECT_THAT(status_text(snapshot), Not(HasSubstr("tree")));
  snapshot.agents[1].tree = coordination::TreeSize{812, 3'456'000};
  EXPECT_THAT(status_text(snapshot), HasSubstr("\ntree       812 znodes in ZooKeeper, 3375 KiB\n"));
  snapshot.agents[1].tree = coordination::TreeSize{1, 512};
  EXPECT_THAT(status_text(snapshot), HasSubstr("\ntree       1 znodes in ZooKeeper, 1 KiB\n"));
}

TEST(StatusTextTest, NamesAgentsOfAnotherPolicyAndMissingMembers) {
  coordination::ClusterSnapshot snapshot;
  snapshot.agents = {agent("proxy-1", std::nullopt), agent("proxy-2", std::nullopt), agent("proxy-3", std::nullopt)};
  for (auto& each : snapshot.agents) each.policy = {{"realm", "prod"}};
  snapshot.agents[1].policy = {{"realm", "prdo"}};
  for (const auto* id : {"proxy-1", "proxy-2", "proxy-3"}) snapshot.members.push_back({id, {}});
  EXPECT_THAT(status_text(snapshot), Not(HasSubstr("missing")));
  snapshot.members.push_back({"proxy-4", {"host-4", "2026-11-22"}});
  EXPECT_THAT(status_text(snapshot), Not(HasSubstr("policy"))) << "2 of 4";
  snapshot.committed_policy = {{"realm", "prod"}};
  const std::string text = status_text(snapshot);
  EXPECT_THAT(text,
              HasSubstr("\npolicy     " + coordination::policy_digest({{"realm", "prod"}}) + "  realm=\"prod\"\n"));
  EXPECT_THAT(text, HasSubstr("\nproxy-2 does not lead, its policy is not the pool's: realm is \"prdo\" here and "
                              "\"prod\" in the pool\n"));
  EXPECT_THAT(text, Not(HasSubstr("proxy-1 does not lead")));
  EXPECT_THAT(text, HasSubstr("\nmissing agent proxy-4 (host host-4, member since 2026-11-22); if it is gone for good: "
                              "chorale forget proxy-4\n"));
}

TEST(StatusTextTest, NamesEveryQuarantinedApp) {
  coordination::ClusterSnapshot snapshot;
  EXPECT_THAT(status_text(snapshot), Not(HasSubstr("quarantined")));
  snapshot.quarantined = {{"/bad", "[emerg] no", "d", "noon"}, {"/worse", "[emerg]\nnever", "e"}};
  const std::string text = status_text(snapshot);
  EXPECT_THAT(text, HasSubstr("\nquarantined app /bad since noon: [emerg] no\n"));
  EXPECT_THAT(text, HasSubstr("\nquarantined app /worse: [emerg]"));
  EXPECT_THAT(text, Not(HasSubstr("\nnever")));
}

TEST(StatusTextTest, EmptyClusterIsSaid) {
  const std::string text = status_text({});
  EXPECT_THAT(text, HasSubstr("leader     none\n"));
  EXPECT_THAT(text, HasSubstr("committed  nothing yet\n"));
  EXPECT_THAT(text, HasSubstr("(no agent is alive)"));
}

// A label or an error from Nginx must not move the reader's cursor or forge a row.
TEST(StatusTextTest, ForeignTextCannotControlTheTerminal) {
  coordination::ClusterSnapshot snapshot;
  snapshot.state.leader = "a\x1b[2J";
  snapshot.agents = {agent("proxy-1", std::nullopt)};
  snapshot.agents[0].message = "one\nproxy-9  leader";
  const std::string text = status_text(snapshot);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\nproxy-9")));
}

render::RoutingState routes() {
  render::App app;
  app.id = "/shop/cart";
  app.name = "cart.shop";
  app.path = "/shop/cart";
  app.hosts = {"cart.shop", "cart.example.org"};
  app.labels = {{"weight", "3"}};
  render::Server server;
  server.address = "10.0.0.1:31000";
  server.task_id = "cart.1";
  server.version = "v1";
  server.health = render::Health::kAlive;
  render::Server other = server;
  other.address = "[2001:db8::1]:31001";
  render::Port port;
  port.name = "http";
  port.service_port = 10'000;
  port.servers = {server, other};
  app.ports = {port};
  return {"", {app}};
}

TEST(RoutesTextTest, ListsAppsWithHostsAndServers) {
  EXPECT_EQ(routes_text(routes()),
            "APP         HOSTS                       SERVERS\n"
            "/shop/cart  cart.shop,cart.example.org  10.0.0.1:31000 [2001:db8::1]:31001\n");
}

TEST(RoutesTextTest, OneAppIsShownInDetail) {
  const auto state = routes();
  const render::App* app = find_app(state, "shop/cart");
  ASSERT_NE(app, nullptr);
  EXPECT_EQ(find_app(state, "/shop/cart"), app);
  EXPECT_EQ(find_app(state, "/shop"), nullptr);
  const std::string text = app_text(*app);
  EXPECT_THAT(text, HasSubstr("label   weight = 3\n"));
  EXPECT_THAT(text, HasSubstr("0 http tcp 10000  10.0.0.1:31000       alive   v1       cart.1\n"));
}

TEST(TableTest, LastColumnIsNotPadded) { EXPECT_EQ(table({{"A", "B"}, {"long", "x"}}), "A     B\nlong  x\n"); }

}  // namespace
}  // namespace chorale::agent
