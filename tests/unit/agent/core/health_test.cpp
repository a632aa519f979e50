#include "agent/core/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace chorale::agent {
namespace {

using coordination::Condition;
using coordination::Epoch;
using coordination::Identity;
using coordination::Revision;
using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

constexpr std::chrono::hours kNow{100};
const coordination::Drained kDrained{"jo", "a new kernel", "2026-11-22T12:00:00.000Z"};

Identity identity(std::int64_t revision) { return {Epoch{7}, Revision{revision}, std::string(64, 'd')}; }

// A proxy that serves what is committed, with everything around it well.
HealthInputs well() {
  HealthInputs inputs;
  inputs.now = TimePoint(kNow);
  inputs.id = "proxy-1";
  inputs.view.connected = true;
  inputs.view.registered = true;
  inputs.view.zookeeper_message = "OK";
  inputs.view.leader = "proxy-2";
  inputs.view.epoch = Epoch{7};
  inputs.view.committed = coordination::RevisionHeader{};
  inputs.view.committed->identity = identity(41);
  inputs.view.agents = {"proxy-1", "proxy-2", "proxy-3"};
  inputs.view.peer_applied = identity(41);
  inputs.nginx.running = true;
  inputs.nginx.message = "OK";
  inputs.nginx.config_healthy = true;
  inputs.nginx.config_message = "OK";
  inputs.nginx.applied = identity(41);
  inputs.endpoints = {{"http://master-1:8080", true, "OK"}};
  return inputs;
}

HealthInputs behind_for(Milliseconds duration) {
  HealthInputs inputs = well();
  inputs.behind_since = inputs.now - duration;
  inputs.nginx.applied = identity(40);
  inputs.nginx.config_healthy = false;
  inputs.nginx.config_message = "disk full";
  inputs.nginx.failing_since = inputs.now - duration;
  return inputs;
}

void expect(const HealthInputs& inputs, Condition condition, const std::string& reason) {
  const HealthVerdict verdict = judge(inputs);
  EXPECT_EQ(verdict.condition, condition) << verdict.message;
  EXPECT_THAT(verdict.message, HasSubstr(reason));
}

TEST(HealthTest, WhereZookeeperIsAwayItSaysWhenTheClusterWasHeardLast) {
  HealthInputs inputs = well();
  inputs.heard_at = "noon";
  EXPECT_FALSE(Json::parse(health_json(inputs)).at("Cluster").contains("AsOf")) << "it is connected";
  inputs.view.connected = false;
  EXPECT_EQ(Json::parse(health_json(inputs)).at("Cluster").at("AsOf"), "noon");
  inputs.heard_at.clear();
  EXPECT_FALSE(Json::parse(health_json(inputs)).at("Cluster").contains("AsOf")) << "it never was";
}

TEST(HealthTest, AHoldIsDegradedEverywhereAndSaysWhatItKeepsBack) {
  HealthInputs inputs = well();
  inputs.view.held = coordination::HoldDocument{Revision{41}, "jo", "deploy", Epoch{7}};
  EXPECT_EQ(judge(inputs).message, "held on 7.41 by jo: deploy");
  EXPECT_EQ(judge(inputs).condition, Condition::kDegraded);
  inputs.waiting = coordination::WaitingChange{"then", "/web +1 server"};
  EXPECT_EQ(judge(inputs).message, "held on 7.41 by jo: deploy; keeps back since then: /web +1 server");
  inputs.view.held->error = "revision 9 is not kept any more";
  inputs.view.blocked = coordination::Blocked{"now", "[emerg] no"};
  EXPECT_EQ(judge(inputs).message,
            "held on 7.41 by jo: deploy; revision 9 is not kept any more; it is not committed since now: [emerg] no; "
            "keeps back since then: /web +1 server");
  inputs.marathon_trouble = Failure{"http://m: HTTP 503"};
  EXPECT_THAT(judge(inputs).message, testing::EndsWith("/web +1 server; besides: Marathon: http://m: HTTP 503"));
  inputs.view.connected = false;
  expect(inputs, Condition::kDegraded, "ZooKeeper is not connected");
}

TEST(HealthTest, QuarantineIsDegradedAndNamedByTheLeader) {
  HealthInputs inputs = well();
  inputs.view.committed->quarantined = 2;
  expect(inputs, Condition::kDegraded, "2 quarantined app(s), named by the leader proxy-2");
  EXPECT_EQ(Json::parse(health_json(inputs)).at("Quarantined").size(), 0U);
  inputs.quarantined = {{"/a", "[emerg] no", "d", "then"}, {"/b", "[emerg] nor this", "d", "now"}};
  expect(inputs, Condition::kDegraded, "2 quarantined app(s), first /a since then: [emerg] no");
  const Json shown = Json::parse(health_json(inputs)).at("Quarantined");
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[1], (Json{{"App", "/b"}, {"Reason", "[emerg] nor this"}, {"Since", "now"}}));
}

TEST(HealthTest, RefusedRoutesAreDegraded) {
  HealthInputs inputs = well();
  inputs.refusal = Failure{"proxy-1: [emerg] no"};
  expect(inputs, Condition::kDegraded, "routes stay as they are, Nginx refuses the new ones: proxy-1: [emerg] no");
}

TEST(HealthTest, EverythingWellIsOk) { expect(well(), Condition::kOk, "OK"); }

HealthInputs observing() {
  HealthInputs inputs = well();
  inputs.nginx.shadow = true;
  inputs.nginx.running = false;
  inputs.nginx.message = "apply = false: it writes shadow.conf";
  return inputs;
}

TEST(HealthTest, ObserverIsOkAndSaysWhatItDoes) {
  HealthInputs inputs = observing();
  expect(inputs, Condition::kOk, "OK, an observer: writes shadow.conf, touches no Nginx");
  Json body = Json::parse(health_json(inputs));
  EXPECT_EQ(body.at("Nginx"), (Json{{"Healthy", true}, {"Message", "apply = false: it writes shadow.conf"}}));
  EXPECT_EQ(body.at("Cluster").at("Role"), "observer");
  EXPECT_EQ(body.at("Cluster").at("Applied"), 0) << "nobody may take it for served";
  EXPECT_EQ(body.at("Cluster").at("Digest"), "");
  EXPECT_EQ(body.at("Cluster").at("Shadow"), 41);
  inputs.view.role = coordination::Role::kLeader;
  EXPECT_EQ(Json::parse(health_json(inputs)).at("Cluster").at("Role"), "observer") << "a standalone one";
  inputs.nginx.applied.reset();
  EXPECT_EQ(Json::parse(health_json(inputs)).at("Cluster").at("Shadow"), 0);
  EXPECT_FALSE(Json::parse(health_json(well())).at("Cluster").contains("Shadow"));
}

TEST(HealthTest, ObserverIsDegradedAtMost) {
  HealthInputs inputs = observing();
  inputs.nginx.applied.reset();
  expect(inputs, Condition::kDegraded, "shadow.conf is not written yet: revision 7.41 is being fetched");
  inputs = observing();
  inputs.nginx.config_healthy = false;
  inputs.nginx.config_message = "shadow.conf is not up to date: disk full";
  const HealthVerdict verdict = judge(inputs);
  EXPECT_EQ(verdict.condition, Condition::kDegraded);
  EXPECT_EQ(verdict.message, "shadow.conf is not up to date: disk full");
  inputs = observing();
  inputs.view.registered = false;
  inputs.view.id_taken = true;
  inputs.view.registration_message = "another agent, on host-2, uses the id";
  expect(inputs, Condition::kDegraded, "not registered in ZooKeeper: another agent, on host-2");
  inputs = observing();
  inputs.view.policy_difference = "realm is \"prdo\" here and \"prod\" in the pool";
  expect(inputs, Condition::kDegraded, "its policy is not the pool's: realm is");
  EXPECT_EQ(judge(inputs).message.find("lead"), std::string::npos);
  inputs = observing();
  inputs.view.connected = false;
  expect(inputs, Condition::kDegraded, "; shadow.conf stays as it is");
  inputs = observing();
  inputs.drained = kDrained;
  expect(inputs, Condition::kOk, "OK");
}

TEST(HealthTest, StoppedNginxIsDown) {
  HealthInputs inputs = well();
  inputs.nginx.running = false;
  inputs.nginx.message = "/run/nginx.pid: no such process";
  expect(inputs, Condition::kDown, "Nginx is not running: /run/nginx.pid");
}

TEST(HealthTest, TreeThatCannotBeUsedIsDegraded) {
  HealthInputs inputs = well();
  inputs.view.zookeeper_message = "state.format is 2, this version reads only up to 1";
  expect(inputs, Condition::kDegraded, "ZooKeeper: state.format is 2");
}

TEST(HealthTest, PoolWithoutALeaderIsDegradedAfterTheSessionTimeoutAndThreeSeconds) {
  HealthInputs inputs = well();
  inputs.session_timeout = Milliseconds(4'000);
  inputs.leaderless_since = "2026-11-22T12:00:00.000Z";
  EXPECT_EQ(judge(inputs).condition, Condition::kOk) << "until it is said that there is none";
  inputs.view.leaderless_since = inputs.now - Milliseconds(6'999);
  EXPECT_EQ(judge(inputs).condition, Condition::kOk);
  inputs.view.leaderless_since = inputs.now - Milliseconds(7'000);
  expect(inputs, Condition::kDegraded, "no leader since 2026-11-22T12:00:00.000Z: proxy-2 led last");
}

TEST(HealthTest, BlockedChangeIsDegraded) {
  HealthInputs inputs = well();
  inputs.view.blocked = coordination::Blocked{"2026-11-22T12:00:00.000Z", "proxy-3: [emerg] no"};
  expect(inputs, Condition::kDegraded, "a change is blocked since 2026-11-22T12:00:00.000Z: proxy-3: [emerg] no");
  inputs.marathon_trouble = Failure{"answers 500"};
  expect(inputs, Condition::kDegraded, "Marathon: answers 500");
}

TEST(HealthTest, PolicyThatIsNotThePoolsIsDegraded) {
  HealthInputs inputs = well();
  inputs.view.policy_difference = "realm is \"prdo\" here and \"prod\" in the pool";
  expect(inputs, Condition::kDegraded,
         "does not lead, its policy is not the pool's: realm is \"prdo\" here and \"prod\" in the pool");
  inputs.view.role = coordination::Role::kLeader;
  expect(inputs, Condition::kDegraded, "leads, but its policy is not the pool's: realm is \"prdo\" here");
}

TEST(HealthTest, DrainedIsDown) {
  HealthInputs inputs = well();
  inputs.drained = kDrained;
  EXPECT_EQ(judge(inputs).condition, Condition::kDown);
  EXPECT_EQ(judge(inputs).message, "drained by jo since 2026-11-22T12:00:00.000Z: a new kernel");
  inputs.marathon_trouble = Failure{"answers 500"};
  expect(inputs, Condition::kDown,
         "drained by jo since 2026-11-22T12:00:00.000Z: a new kernel; besides: Marathon: answers 500");
  inputs.nginx.running = false;
  inputs.nginx.message = "/run/nginx.pid: no such process";
  expect(inputs, Condition::kDown, "a new kernel; besides: Nginx is not running: /run/nginx.pid");
}

TEST(HealthTest, DocumentSaysWhoDrained) {
  HealthInputs inputs = well();
  EXPECT_EQ(Json::parse(health_json(inputs)).at("Drained"), nullptr);
  inputs.drained = kDrained;
  const Json drained = Json::parse(health_json(inputs)).at("Drained");
  EXPECT_EQ(drained, (Json{{"By", "jo"}, {"Reason", "a new kernel"}, {"Since", "2026-11-22T12:00:00.000Z"}}));
}

TEST(HealthTest, EditOfTheFileIsNotCalledARefusal) {
  HealthInputs inputs = well();
  inputs.nginx.config_healthy = false;
  inputs.nginx.config_message = "[emerg] unknown directive";
  EXPECT_EQ(judge(inputs).message, "Nginx refuses its config: [emerg] unknown directive");
  inputs.nginx.drifted = true;
  inputs.nginx.config_message = "the configuration file was changed outside Chorale";
  EXPECT_EQ(judge(inputs).message, "the configuration file was changed outside Chorale");
}

TEST(HealthTest, NothingAppliedIsDownAndSaysWhy) {
  HealthInputs inputs = well();
  inputs.nginx.applied.reset();
  expect(inputs, Condition::kDown, "revision 7.41 is being fetched");
  inputs.nginx.config_message = "[emerg] unknown directive";
  expect(inputs, Condition::kDown, "unknown directive");
  inputs.view.committed.reset();
  expect(inputs, Condition::kDown, "leader proxy-2 has committed no revision yet");
  inputs.marathon_trouble = Failure{"HTTP 503"};
  expect(inputs, Condition::kDown, "HTTP 503");
  inputs.view.connected = false;
  inputs.view.zookeeper_message = "connection refused";
  expect(inputs, Condition::kDown, "ZooKeeper is not connected (connection refused)");
}

TEST(HealthTest, AResolverInDoubtIsDegraded) {
  HealthInputs inputs = well();
  inputs.name_trouble = Failure{"host name slave-1 resolves to 10.9.9.9 on this proxy"};
  EXPECT_EQ(judge(inputs).condition, Condition::kDegraded);
  EXPECT_EQ(judge(inputs).message, "host name slave-1 resolves to 10.9.9.9 on this proxy");
}

TEST(HealthTest, LackingWhatAnotherServesIsDownAfterThirtySeconds) {
  expect(behind_for(Milliseconds(29'999)), Condition::kDegraded, "disk full");
  expect(behind_for(Milliseconds(30'000)), Condition::kDown,
         "serves 7.40 for more than 30 s after another proxy has applied a newer revision (7.41 by now): disk full");
}

TEST(HealthTest, LackingNamesTheMissingChunks) {
  HealthInputs inputs = behind_for(Milliseconds(30'000));
  inputs.nginx.config_healthy = true;
  inputs.nginx.config_message = "OK";
  inputs.nginx.failing_since.reset();
  expect(inputs, Condition::kDown, "see the log");
  inputs.view.missing = {"abc"};
  expect(inputs, Condition::kDown, ": 1 chunk(s) of the committed revision are missing in ZooKeeper");
}

// Every new text is a write of the agent's znode.
TEST(HealthTest, WhyItIsDownNamesNoRunningTime) {
  EXPECT_EQ(judge(behind_for(std::chrono::seconds(31))).message, judge(behind_for(std::chrono::hours(31))).message);
}

// Content that no proxy can apply is no fault of this one: a balancer must not lose them all.
TEST(HealthTest, FailingTogetherIsDegraded) {
  HealthInputs inputs = behind_for(std::chrono::hours(1));
  inputs.behind_since.reset();
  expect(inputs, Condition::kDegraded, "disk full");
  inputs = behind_for(std::chrono::hours(1));
  inputs.view.peer_applied.reset();
  expect(inputs, Condition::kDegraded, "disk full");
}

TEST(HealthTest, CutOffProxyIsDownOnceAnotherServesSomethingNewer) {
  HealthInputs inputs = well();
  inputs.view.connected = false;
  inputs.view.zookeeper_message = "no server answers";
  expect(inputs, Condition::kDegraded, "no server answers");
  inputs.replaced_by = "proxy-3";
  expect(inputs, Condition::kDown,
         "hears nothing of the cluster for more than 30 s (ZooKeeper: no server answers), and proxy-3 serves a newer "
         "revision than 7.41");
}

TEST(HealthTest, AgentWhoseIdAnotherHoldsIsDown) {
  HealthInputs inputs = well();
  inputs.view.registered = false;
  inputs.view.registration_message = "another agent, on host-1, uses the id proxy-1";
  expect(inputs, Condition::kDegraded, "another agent, on host-1");
  inputs.view.id_taken = true;
  expect(inputs, Condition::kDown, "not registered in ZooKeeper: another agent, on host-1, uses the id proxy-1");
  inputs.view.connected = false;
  expect(inputs, Condition::kDegraded, "ZooKeeper is not connected");
}

TEST(HealthTest, UnregisteredAgentIsDegradedAndSaysWhy) {
  HealthInputs inputs = well();
  inputs.view.registered = false;
  expect(inputs, Condition::kOk, "OK");  // it is about to
  inputs.view.registration_message = "not authenticated";
  expect(inputs, Condition::kDegraded, "not registered in ZooKeeper: not authenticated");
  const Json shown = Json::parse(health_json(inputs)).at("ZooKeeper");
  EXPECT_EQ(shown, (Json{{"Healthy", false}, {"Message", "not registered in ZooKeeper: not authenticated"}}));
  inputs.replaced_by = "proxy-3";
  expect(inputs, Condition::kDown, "(not registered in ZooKeeper: not authenticated), and proxy-3 serves");
  inputs.replaced_by.reset();
  inputs.view.registered = true;
  expect(inputs, Condition::kOk, "OK");
}

TEST(HealthTest, WhatAllProxiesShareIsDegraded) {
  HealthInputs inputs = well();
  inputs.view.connected = false;
  inputs.view.zookeeper_message = "session expired";
  expect(inputs, Condition::kDegraded, "session expired");

  inputs = well();
  inputs.view.leader.clear();
  expect(inputs, Condition::kDegraded, "no leader");

  inputs = well();
  inputs.template_trouble = Failure{"nginx.conf.mustache:3: unclosed section"};
  expect(inputs, Condition::kDegraded, "nginx.conf.mustache:3");

  inputs = well();
  inputs.marathon_trouble = Failure{"GET /v2/apps: HTTP 503"};
  expect(inputs, Condition::kDegraded, "HTTP 503");

  inputs = well();
  inputs.endpoints.push_back({"http://master-2:8080", false, "connection refused"});
  expect(inputs, Condition::kDegraded,
         "1 of 2 Marathon endpoints are down, first http://master-2:8080: connection refused");

  inputs = well();
  inputs.view.missing = {"abc"};
  expect(inputs, Condition::kDegraded, "1 chunk(s)");
}

TEST(HealthTest, JsonHasNixysKeysAndTheClusters) {
  HealthInputs inputs = well();
  inputs.warnings = {"neither credentials nor publish_key_file"};
  const Json body = Json::parse(health_json(inputs));
  EXPECT_EQ(body["Status"], "ok");
  EXPECT_EQ(body["Config"], (Json{{"Healthy", true}, {"Message", "OK"}}));
  EXPECT_EQ(body["Template"], (Json{{"Healthy", true}, {"Message", "OK"}}));
  EXPECT_EQ(body["Endpoints"],
            Json::array({Json{{"Endpoint", "http://master-1:8080"}, {"Healthy", true}, {"Message", "OK"}}}));
  EXPECT_EQ(body["ZooKeeper"]["Healthy"], true);
  EXPECT_EQ(body["Nginx"]["Healthy"], true);
  EXPECT_EQ(body["Cluster"].dump(), Json({{"Id", "proxy-1"},
                                          {"Role", "follower"},
                                          {"Leader", "proxy-2"},
                                          {"Epoch", 7},
                                          {"Committed", 41},
                                          {"Applied", 41},
                                          {"Digest", std::string(64, 'd')},
                                          {"Agents", 3},
                                          {"Missing", Json::array()},
                                          {"Quarantined", 0}})
                                        .dump());
  EXPECT_EQ(body["Warnings"].size(), 1U);
}

TEST(HealthTest, JsonStandsAnyByteInAMessage) {
  HealthInputs inputs = well();
  inputs.nginx.config_healthy = false;
  inputs.nginx.config_message = "\xff\xfe \x01";
  EXPECT_TRUE(Json::accept(health_json(inputs)));
}

TEST(HealthTest, JsonLeavesReadableTextAsItIs) {
  HealthInputs inputs = well();
  inputs.nginx.config_healthy = false;
  inputs.nginx.config_message = "größer";
  EXPECT_THAT(health_json(inputs), HasSubstr("größer"));
}

}  // namespace
}  // namespace chorale::agent
