#include "agent/config/policy_values.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(PolicyValuesTest, ShowWhatDecidesTheRoutes) {
  Config config;
  config.routing.realm = {"prod"};
  config.expose_env = {"ZONE", "COLOUR"};
  config.left_delimiter = "<%";
  config.right_delimiter = "%>";
  config.health_memory = std::chrono::minutes{5};
  config.shrink_limit = 0.25;
  config.routing.keep_unreachable = true;
  config.routing.container_addresses = false;
  config.routing.respect_readiness = true;
  config.routing.keep_empty = true;
  config.routing.merge_label = "team";
  config.routing.pods = false;
  EXPECT_EQ(policy_values(config, "framework-1"), (coordination::PolicyValues{{"realm", "prod"},
                                                                              {"expose_env", "COLOUR ZONE"},
                                                                              {"delimiters", "<% %>"},
                                                                              {"health_memory", "5m"},
                                                                              {"shrink_limit", "0.25"},
                                                                              {"unreachable", "keep"},
                                                                              {"ip_per_task", "never"},
                                                                              {"respect_readiness", "true"},
                                                                              {"empty_apps", "keep"},
                                                                              {"merge_label", "team"},
                                                                              {"pods", "false"},
                                                                              {"marathon", "framework-1"}}));
}

TEST(PolicyValuesTest, SeveralRealmsAreOneValueInOneOrder) {
  Config config;
  config.routing.realm = {"prod", "blue"};
  EXPECT_EQ(policy_values(config, std::nullopt).at("realm"), "blue,prod");
}

TEST(PolicyValuesTest, AMarathonThatHasNotAnsweredIsUnknown) {
  EXPECT_EQ(policy_values(Config{}, std::nullopt).count("marathon"), 0U);
  EXPECT_EQ(policy_values(Config{}, std::nullopt).at("realm"), "") << "an empty one is known";
}

TEST(PolicyValuesTest, NumbersStandAsPeopleWriteThem) {
  Config config;
  EXPECT_EQ(policy_values(config, std::nullopt).at("shrink_limit"), "0.5");
  config.shrink_limit = 1;
  EXPECT_EQ(policy_values(config, std::nullopt).at("shrink_limit"), "1");
  config.shrink_limit = 0;
  EXPECT_EQ(policy_values(config, std::nullopt).at("shrink_limit"), "0");
}

// Its URLs, credentials and files may differ by proxy.
TEST(PolicyValuesTest, WhatIsLocalToAProxyIsNoPolicy) {
  Config one;
  Config other;
  other.id = "proxy-2";
  other.marathon = {"http://10.0.0.2:8080"};
  other.user = "user";
  other.pass = "secret";
  other.nginx_template = "/elsewhere";
  other.local = {{"x", "y"}};
  EXPECT_EQ(policy_values(one, std::nullopt), policy_values(other, std::nullopt));
}

}  // namespace
}  // namespace chorale::agent
