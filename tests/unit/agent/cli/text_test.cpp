// What the verbs print.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/cli/routes_text.h"
#include "agent/cli/status_text.h"
#include "agent/cli/table.h"
#include "agent/core/problems.h"

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

// Ten seconds after the revision of the tests was made.
constexpr std::int64_t kTime = 1'763'812'810;
constexpr const char* kMade = "2025-11-22T12:00:00.000Z";

std::string shown(const coordination::ClusterSnapshot& snapshot) { return status_text(snapshot, kTime); }

coordination::ClusterSnapshot pool_of_four() {
  coordination::ClusterSnapshot snapshot;
  snapshot.state.leader = "proxy-2";
  snapshot.state.epoch = coordination::Epoch{7};
  snapshot.state.committed = coordination::RevisionHeader{identity(41), kMade, "status_update_event /web", 20, 61, 0};
  snapshot.agents = {agent("proxy-1", identity(41)), agent("proxy-2", identity(38)), agent("proxy-3", std::nullopt),
                     agent("proxy-4", identity(41, 'b'))};
  snapshot.agents[0].nginx = "up";
  snapshot.agents[1].nginx = "up";
  return snapshot;
}

TEST(StatusTextTest, ShowsLeaderRevisionAndEveryAgentsLag) {
  EXPECT_EQ(shown(pool_of_four()), R"(leader      proxy-2, epoch 7
committed   7.41 aaaaaaaaaaaa, 20 apps, 61 servers, made 10 s ago
cause       status_update_event /web

AGENT    ROLE      STATUS  NGINX  APPLIED  DIGEST        LAG
proxy-1  follower  ok      up     7.41     aaaaaaaaaaaa  0
proxy-2  follower  ok      up     7.38     aaaaaaaaaaaa  3, 10 s
proxy-3  follower  ok      -      -        -             -
proxy-4  follower  ok      -      7.41     bbbbbbbbbbbb  differs, 10 s
)");
}

TEST(StatusTextTest, WhatAStoppedNginxHasAppliedIsUpToDateForNobody) {
  auto snapshot = pool_of_four();
  snapshot.agents[0].nginx = "down";
  EXPECT_THAT(shown(snapshot), HasSubstr("proxy-1  follower  ok      down   7.41     aaaaaaaaaaaa  -\n"));
}

TEST(StatusTextTest, ProblemsStandOnTopWithSinceAndWhatToDo) {
  auto snapshot = pool_of_four();
  snapshot.agents[1].blocked = coordination::Blocked{"2026-11-22T12:00:00.000Z", "2 of 3 refuse it"};
  snapshot.quarantined = {{"/bad", "[emerg]\nno", "d", "noon"}};
  EXPECT_THAT(
      shown(snapshot),
      ::testing::StartsWith("BLOCKED     since 2026-11-22T12:00:00.000Z: 2 of 3 refuse it\n"
                            "            The routes stay as they are until that is corrected.\n"
                            "QUARANTINED since noon: /bad: [emerg]\\x0ano\n"
                            "            Correct its definition, or what Nginx lacks: it is tried again. See\n"));
  EXPECT_THAT(shown(snapshot), HasSubstr("\n\nleader      proxy-2, epoch 7\n"));
}

TEST(StatusTextTest, WhatStandsOnTopIsNotSaidOfTheAgentAgain) {
  auto snapshot = pool_of_four();
  for (auto& agent : snapshot.agents) agent.condition = coordination::Condition::kOk;
  snapshot.agents[1].condition = coordination::Condition::kDown;
  snapshot.agents[1].message = "Nginx is not running";
  snapshot.agents[0].id = "proxy";
  snapshot.agents[0].message = "Nginx is not running";  // another's problem does not hide its own words
  const std::string text = shown(snapshot);
  EXPECT_THAT(text, ::testing::StartsWith("DOWN        proxy-2: Nginx is not running\n            It must get no"));
  EXPECT_THAT(text, HasSubstr("aaaaaaaaaaaa  0\n  - Nginx is not running\nproxy-2"));
  EXPECT_THAT(text.substr(text.find("\nproxy-2")), Not(HasSubstr("Nginx is not running")));
}

TEST(StatusTextTest, ShowsWhoObservesAndWhatItWrote) {
  auto snapshot = pool_of_four();
  snapshot.agents.resize(3);
  snapshot.agents[1].applies = false;
  snapshot.agents[1].applied.reset();
  snapshot.agents[1].shadow = coordination::AppliedEntry{identity(39, 'b'), "then"};
  snapshot.agents[2].applies = false;
  snapshot.agents[1].nginx = "down";
  EXPECT_THAT(shown(snapshot), HasSubstr("proxy-2  observer  ok      down   7.39     bbbbbbbbbbbb  2, 10 s\n"
                                         "proxy-3  observer  ok      -      -        -             -\n"));
}

TEST(StatusTextTest, BelowAnAgentStandsWhatItSaysAndWhatDiffers) {
  auto snapshot = pool_of_four();
  EXPECT_THAT(shown(snapshot), Not(HasSubstr("\n  - ")));
  snapshot.agents[0].message = "Nginx is not running";
  snapshot.agents[0].template_digest = std::string(64, 'c');
  snapshot.agents[0].vote = coordination::Vote{identity(40), coordination::VoteResult::kNack, "[emerg] no"};
  EXPECT_THAT(shown(snapshot), Not(HasSubstr("template"))) << "what is in use is not known";
  snapshot.committed_files["template"] = std::string(64, 'd');
  EXPECT_THAT(shown(snapshot), HasSubstr("proxy-1  follower  ok      up     7.41     aaaaaaaaaaaa  0\n"
                                         "  - Nginx is not running\n"
                                         "  - its template file, cccccccccccc, is not what is in use, dddddddddddd\n"
                                         "  - said nack to 7.40: [emerg] no\n"
                                         "proxy-2"));
  snapshot.agents[0].message = "Nginx refuses: [emerg] no";
  EXPECT_THAT(shown(snapshot), Not(HasSubstr("said nack"))) << "it says so already";
  snapshot.agents[0].vote->result = coordination::VoteResult::kAck;
  snapshot.agents[0].vote->error = "warned";
  EXPECT_THAT(shown(snapshot), Not(HasSubstr("warned")));
}

TEST(StatusTextTest, ShowsWhatIsPushedAndWhereItIsOnTrial) {
  auto snapshot = pool_of_four();
  snapshot.agents[0].template_digest = std::string(64, 'c');
  snapshot.committed_files = {{"template", std::string(64, 'd')}, {"canary.template", std::string(64, 'e')}};
  auto& pushed = snapshot.pushed_template.emplace();
  pushed.current = {{std::string(64, 'd'), 1, {}}, "jo", kMade};
  EXPECT_THAT(shown(snapshot),
              HasSubstr("\ntemplate    pushed dddddddddddd (jo, 10 s ago): in use instead of each proxy's\n"
                        "            own file\n"));
  EXPECT_THAT(shown(snapshot), Not(HasSubstr("\n  - "))) << "no file counts";
  pushed.previous = {pushed.current};
  pushed.current = {{std::string(64, 'e'), 1, {}}, "al", kMade};
  pushed.on = {"proxy-1", "proxy-9"};
  EXPECT_THAT(shown(snapshot),
              HasSubstr("\ntrial       pushed eeeeeeeeeeee (al, 10 s ago): in use on proxy-1, proxy-9 alone\n"
                        "            For all: chorale template push; to end it: chorale template\n"
                        "            rollback.\n"));
  EXPECT_THAT(shown(snapshot), HasSubstr("aaaaaaaaaaaa  0\n  - on trial here: template eeeeeeeeeeee\nproxy-2"));
  snapshot.committed_files.erase("canary.template");
  EXPECT_THAT(shown(snapshot), HasSubstr("not in use on proxy-1, proxy-9\n"));
  EXPECT_THAT(shown(snapshot), Not(HasSubstr("on trial here")));
}

TEST(StatusTextTest, ShowsWhoIsLateAndHowLargeTheTreeIs) {
  auto snapshot = pool_of_four();
  EXPECT_THAT(shown(snapshot), Not(HasSubstr("late ")));
  snapshot.agents[1].late = {"proxy-3", "proxy-4"};
  snapshot.agents[1].tree = coordination::TreeSize{812, 3'456'000};
  EXPECT_THAT(shown(snapshot), HasSubstr("\nlate        proxy-3, proxy-4\n"));
  EXPECT_THAT(shown(snapshot), HasSubstr("\ntree        812 znodes in ZooKeeper, 3375 KiB\n"));
  snapshot.agents[1].tree = coordination::TreeSize{1, 512};
  EXPECT_THAT(shown(snapshot), HasSubstr("\ntree        1 znodes in ZooKeeper, 1 KiB\n"));
}

TEST(StatusTextTest, ShowsThePoolsPolicy) {
  coordination::ClusterSnapshot snapshot;
  EXPECT_THAT(shown(snapshot), Not(HasSubstr("policy")));
  snapshot.committed_policy = {{"realm", "prod"}};
  EXPECT_THAT(shown(snapshot),
              HasSubstr("\npolicy      " + coordination::policy_digest({{"realm", "prod"}}) + " realm=\"prod\"\n"));
}

// 80 columns, and neither ids nor words are broken; the whole text is in --json.
TEST(StatusTextTest, LongIdsAndErrorsKeepTo80Columns) {
  auto snapshot = pool_of_four();
  const std::string id = "proxy-in-a-data-centre-far-away.example.org";
  snapshot.agents[0].id = id;
  for (int i = 0; i < 90; ++i) snapshot.agents[0].message += " word" + std::to_string(i);
  const std::string text = shown(snapshot);
  EXPECT_THAT(text, HasSubstr("\n" + id + "\n    follower  ok"));
  EXPECT_THAT(text, HasSubstr(" ...\n"));
  EXPECT_THAT(text, Not(HasSubstr("word89")));
  std::size_t at = 0;
  for (std::size_t end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    EXPECT_LE(end - at, 80U) << text.substr(at, end - at);
  }
  EXPECT_THAT(encode_status(snapshot), HasSubstr("word89"));
}

TEST(StatusTextTest, EmptyClusterIsSaid) {
  const std::string text = shown({});
  EXPECT_THAT(text, HasSubstr("leader      none, epoch 0\n"));
  EXPECT_THAT(text, HasSubstr("committed   nothing yet\n"));
  EXPECT_THAT(text, HasSubstr("(no agent is registered)"));
}

// A label or an error from Nginx must not move the reader's cursor or forge a row.
TEST(StatusTextTest, ForeignTextCannotControlTheTerminal) {
  coordination::ClusterSnapshot snapshot;
  snapshot.state.leader = "a\x1b[2J";
  snapshot.agents = {agent("proxy-1\n", std::nullopt)};
  snapshot.agents[0].message = "one\nproxy-9  leader";
  const std::string text = shown(snapshot);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\nproxy-9")));
}

TEST(StatusTextTest, AsJsonItHasTheProblemsAndWhetherAllIsWell) {
  auto snapshot = pool_of_four();
  auto json = nlohmann::json::parse(encode_status(snapshot), nullptr, false);
  ASSERT_TRUE(json.is_object()) << encode_status(snapshot);
  EXPECT_EQ(json.at("well"), false);
  EXPECT_EQ(json.at("problems").size(), 0U);
  EXPECT_EQ(json.at("agents").size(), 4U);
  snapshot.quarantined = {{"/bad", "\xff", "d", "noon"}, {"/worse", "no", "d", "noon"}};
  const coordination::Description own{{"election: waiting"}, {}};
  json = nlohmann::json::parse(encode_status(snapshot, &own), nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json.at("problems").at(1).at("kind"), "QUARANTINED");
  EXPECT_EQ(json.at("coordination").at("machines").size(), 1U);
}

TEST(LocalStatusTextTest, SaysHowOldItIs) {
  LocalStatus local;
  local.why = "ZooKeeper cannot be reached";
  EXPECT_EQ(local_status_text(local, kTime), "ZooKeeper cannot be reached\n\n");
  local.id = "proxy-1";
  local.role = "follower";
  local.condition = "degraded";
  local.message = "no ZooKeeper";
  local.leader = "proxy-2";
  local.committed = 41;
  local.agents = 3;
  EXPECT_THAT(local_status_text(local, kTime), HasSubstr("serves      nothing of Chorale's yet\n"));
  EXPECT_THAT(local_status_text(local, kTime), HasSubstr("cluster     as it is now: leader proxy-2"));
  local.applied = 40;
  local.digest = std::string(64, 'a');
  local.as_of = kMade;
  EXPECT_EQ(local_status_text(local, kTime),
            "ZooKeeper cannot be reached\nWhat the agent of this proxy knows by itself:\n\n"
            "agent       proxy-1, follower, degraded: no ZooKeeper\n"
            "serves      revision 40 aaaaaaaaaaaa\n"
            "cluster     as it was 10 s ago (2025-11-22T12:00:00.000Z): leader proxy-2,\n"
            "            committed revision 41, 3 agents\n");
  local.agents = 0;
  EXPECT_THAT(local_status_text(local, kTime), ::testing::EndsWith("committed revision 41\n")) << "not known";
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

TEST(WrappedTest, BreaksAtBlanksAndIndents) {
  EXPECT_EQ(wrapped("head  ", "a b"), "head  a b\n");
  EXPECT_EQ(wrapped("head  ", ""), "head\n");
  const std::string word(40, 'w');
  EXPECT_EQ(wrapped("h  ", word + " " + word.substr(0, 36)), "h  " + word + " " + word.substr(0, 36) + "\n") << "80";
  EXPECT_EQ(wrapped("h  ", word + " " + word.substr(0, 37)), "h  " + word + "\n   " + word.substr(0, 37) + "\n");
  const std::string huge(100, 'x');
  EXPECT_EQ(wrapped("h  ", "a " + huge + " b"), "h  a\n   " + huge + "\n   b\n");
  EXPECT_EQ(wrapped("", word + " " + word + " " + word, 2), word + "\n" + word + " ...\n");
  EXPECT_EQ(wrapped("", "a\x1b b"), "a\\x1b b\n");
}

TEST(TableTest, LastColumnIsNotPadded) { EXPECT_EQ(table({{"A", "B"}, {"long", "x"}}), "A     B\nlong  x\n"); }

}  // namespace
}  // namespace chorale::agent
