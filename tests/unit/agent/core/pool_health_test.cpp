// What every agent says of its pool, whoever leads.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/core/health.h"

namespace chorale::agent {
namespace {

using coordination::Condition;
using Json = nlohmann::ordered_json;

HealthInputs in_a_pool() {
  HealthInputs inputs;
  inputs.now = TimePoint(std::chrono::hours(100));
  inputs.view.connected = true;
  inputs.view.registered = true;
  inputs.view.leader = "proxy-2";
  inputs.view.committed = coordination::RevisionHeader{};
  inputs.nginx.running = true;
  inputs.nginx.config_healthy = true;
  inputs.nginx.applied = coordination::Identity{};
  return inputs;
}

TEST(PoolHealthTest, HowLongAChangeIsBlockedIsKnownWhoeverLeads) {
  const std::string utc = "2026-11-22T12:00:10.000Z";
  HealthInputs inputs = in_a_pool();
  EXPECT_EQ(blocked_for(inputs, utc), Milliseconds(0));
  inputs.view.blocked_there = coordination::Blocked{"2026-11-22T12:00:03.500Z", "a: no"};
  EXPECT_EQ(blocked_for(inputs, utc), Milliseconds(6'500));
  EXPECT_EQ(judge(inputs).condition, Condition::kOk) << "the leader says so, once for the pool";
  inputs.view.blocked_there->since = "2026-11-22T12:00:11.000Z";
  EXPECT_EQ(blocked_for(inputs, utc), Milliseconds(0)) << "by a clock that contradicts this one";
  inputs.view.blocked_at = inputs.now - Milliseconds(7'000);
  EXPECT_EQ(blocked_for(inputs, utc), Milliseconds(7'000));
}

TEST(PoolHealthTest, MembersThatAreMissingAndQuarantinedAppsAreCountedOnEveryAgent) {
  HealthInputs inputs = in_a_pool();
  inputs.view.missing_members = {"proxy-4", "proxy-5"};
  inputs.view.committed->quarantined = 2;
  const Json cluster = Json::parse(health_json(inputs)).at("Cluster");
  EXPECT_EQ(cluster.at("Missing"), (Json{"proxy-4", "proxy-5"}));
  EXPECT_EQ(cluster.at("Quarantined"), 2);
  inputs = in_a_pool();
  EXPECT_EQ(Json::parse(health_json(inputs)).at("Cluster").at("Missing"), Json::array());
  inputs.view.committed.reset();
  EXPECT_EQ(Json::parse(health_json(inputs)).at("Cluster").at("Quarantined"), 0);
}

}  // namespace
}  // namespace chorale::agent
