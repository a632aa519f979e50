// What this proxy serves, as a page.
#include "agent/http/routes_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace chorale::agent {
namespace {

constexpr std::int64_t kAppliedAt = 1'764'201'600;  // 2025-11-27T00:00:00Z

AppliedRoutes applied() {
  return {coordination::Identity{coordination::Epoch{7}, coordination::Revision{41}, std::string(64, 'a')},
          "2025-11-27T00:00:00.000Z"};
}

render::RoutingState state_of(int apps) {
  render::RoutingState state;
  state.realm = "prod";
  for (int i = 0; i < apps; ++i) {
    render::App app;
    app.id = "/app-" + std::to_string(100'000 + i);
    app.name = app.id.substr(1);
    app.path = app.id;
    render::Port port;
    for (int server = 1; server <= 5; ++server) {
      render::Server made;
      made.host = "10.0.0." + std::to_string(server);
      made.port = 31'000;
      made.address = made.host + ":31000";
      made.task_id = app.name + "." + std::to_string(server);
      port.servers.push_back(made);
    }
    app.ports = {port};
    state.apps.push_back(app);
  }
  return state;
}

TEST(RoutesJsonTest, SaysWhichRevisionAndHowOld) {
  const auto state = state_of(2);
  const nlohmann::json json = nlohmann::json::parse(
      routes_json(applied(), &state, std::nullopt, "", kAppliedAt + 12).value_or(""), nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json.at("applied").at("revision"), "7.41");
  EXPECT_EQ(json.at("applied").at("digest"), std::string(64, 'a'));
  EXPECT_EQ(json.at("applied").at("age_s"), 12);
  EXPECT_EQ(json.at("routes").at("realm"), "prod");
  EXPECT_EQ(json.at("routes").at("apps").size(), 2U);
  const auto later = routes_json(applied(), &state, std::nullopt, "", kAppliedAt - 5);
  EXPECT_EQ(nlohmann::json::parse(later.value_or(""), nullptr, false).at("applied").at("age_s"), 0);
}

TEST(RoutesJsonTest, WhatIsNotKnownIsNull) {
  const nlohmann::json json =
      nlohmann::json::parse(routes_json({}, nullptr, std::nullopt, "", 0).value_or(""), nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_TRUE(json.at("routes").is_null());
  for (const char* key : {"revision", "digest", "at", "age_s"})
    EXPECT_TRUE(json.at("applied").at(key).is_null()) << key;
}

TEST(RoutesJsonTest, OneAppOrThatItIsNotRouted) {
  const auto state = state_of(3);
  const auto one = routes_json(applied(), &state, "app-100001", "", kAppliedAt);
  ASSERT_TRUE(one);
  const nlohmann::json json = nlohmann::json::parse(*one, nullptr, false);
  EXPECT_EQ(json.at("routes").at("apps").size(), 1U);
  EXPECT_EQ(json.at("routes").at("apps").at(0).at("id"), "/app-100001");
  EXPECT_FALSE(routes_json(applied(), &state, "/app-1", "", kAppliedAt));
  EXPECT_FALSE(routes_json(applied(), nullptr, "/app-100001", "", kAppliedAt));
}

TEST(RoutesJsonTest, ConflictsAreOfAllOrOfTheAppThatIsAskedFor) {
  auto state = state_of(3);
  state.apps[0].hosts = {"shop.example"};
  for (render::App& app : state.apps) app.labels = {{"subdomain", "shop.example"}};
  state.apps[0].ports[0].service_port = 10'001;
  state.apps[2].ports[0].lost_port = 10'001;
  state.apps[1].labels["service"] = state.apps[0].labels["service"] = "/one";
  const auto conflicts = [&](const std::optional<std::string>& app, const std::string& merge_label) {
    const auto body = routes_json(applied(), &state, app, merge_label, kAppliedAt);
    return nlohmann::json::parse(body.value_or(""), nullptr, false).at("conflicts");
  };
  const nlohmann::json host{
      {"host", "shop.example"}, {"owner", "/app-100000"}, {"losers", {"/app-100001", "/app-100002"}}};
  const nlohmann::json port{
      {"service_port", 10'001}, {"protocol", "tcp"}, {"owner", "/app-100000"}, {"losers", {"/app-100002"}}};
  EXPECT_EQ(conflicts(std::nullopt, ""), nlohmann::json::array({host, port}));
  EXPECT_EQ(conflicts("/app-100000", ""), nlohmann::json::array({host, port}));
  EXPECT_EQ(conflicts("app-100001/", ""), nlohmann::json::array({host}));
  EXPECT_EQ(conflicts("/app-100001", "service"), nlohmann::json::array());
  EXPECT_EQ(nlohmann::json::parse(routes_json({}, nullptr, std::nullopt, "", 0).value_or("")).at("conflicts"),
            nlohmann::json::array());
}

// 10,000 apps of 5 servers: one text of about the size of routes.json.
TEST(RoutesJsonTest, TenThousandAppsStayBounded) {
  const auto state = state_of(10'000);
  const auto body = routes_json(applied(), &state, std::nullopt, "", kAppliedAt);
  ASSERT_TRUE(body);
  EXPECT_LT(body->size(), 16U << 20U);
  EXPECT_GT(body->size(), 1U << 20U);
}

}  // namespace
}  // namespace chorale::agent
