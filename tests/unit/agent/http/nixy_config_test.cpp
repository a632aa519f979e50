#include "agent/http/nixy_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace chorale::agent {
namespace {

using Json = nlohmann::ordered_json;

render::Server server(std::uint16_t port, const std::string& task) {
  render::Server made;
  made.host = "10.0.0.1";
  made.port = port;
  made.address = "10.0.0.1:" + std::to_string(port);
  made.task_id = task;
  made.version = "v1";
  return made;
}

render::RoutingState routes() {
  render::App app;
  app.id = "/shop/cart";
  app.name = "cart.shop";
  app.path = "/shop/cart";
  app.hosts = {"cart.shop"};
  app.labels = {{"weight", "3"}};
  app.health_path = "/health";
  render::Port http;
  http.name = "http";
  http.service_port = 10'000;
  http.servers = {server(31'000, "cart.1"), server(31'010, "cart.2")};
  render::Port admin;
  admin.index = 1;
  admin.servers = {server(31'001, "cart.1")};
  app.ports = {http, admin};
  return {"blue", {app}};
}

Json keys(const Json& object) {
  Json names = Json::array();
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

TEST(NixyConfigTest, NothingServedYetHasNoApps) {
  const Json body = Json::parse(nixy_config_json("proxy-1", "", {}, {}, nullptr));
  EXPECT_EQ(keys(body), Json::parse(R"(["Xproxy","Realm","Statsd","LastUpdates","Apps"])"));
  EXPECT_TRUE(body["Apps"].is_null());
  EXPECT_EQ(body["LastUpdates"]["LastSync"], "0001-01-01T00:00:00Z");
  EXPECT_EQ(keys(body["LastUpdates"]),
            Json::parse(R"(["LastSync","LastConfigRendered","LastConfigValid","LastNginxReload"])"));
  const render::RoutingState empty;
  EXPECT_EQ(Json::parse(nixy_config_json("p", "", {}, {}, &empty))["Apps"], Json::object());
}

TEST(NixyConfigTest, AppsHaveNixysShape) {
  const auto state = routes();
  const std::string text = nixy_config_json("proxy-1", "blue", {"localhost:8125", "ns", 100}, {}, &state);
  const Json body = Json::parse(text);
  EXPECT_EQ(body["Statsd"], Json::parse(R"({"Addr":"localhost:8125","Namespace":"ns","SampleRate":100})"));
  const Json& app = body["Apps"]["/shop/cart"];
  EXPECT_EQ(keys(app), Json::parse(R"(["Tasks","Labels","Env","Hosts","PortDefinitions","HealthChecks","Container"])"));
  ASSERT_EQ(app["Tasks"].size(), 2U);
  EXPECT_EQ(app["Tasks"][0].dump(),
            R"({"AppID":"/shop/cart","Host":"10.0.0.1","ID":"cart.1","Ports":[31000,31001],"ServicePorts":[10000,0],)"
            R"("SlaveID":"","StagedAt":"","StartedAt":"","State":"TASK_RUNNING","Version":"v1","Labels":null})");
  EXPECT_EQ(app["Hosts"], Json::parse(R"(["cart.shop"])"));
  EXPECT_EQ(app["HealthChecks"], Json::parse(R"([{"Path":"/health"}])"));
  auto unchecked = state;
  unchecked.apps[0].health_path.clear();
  const Json other = Json::parse(nixy_config_json("proxy-1", "blue", {}, {}, &unchecked));
  EXPECT_TRUE(other["Apps"]["/shop/cart"]["HealthChecks"].is_null());
  EXPECT_TRUE(app["Container"]["PortMappings"].is_null());
  auto mapped = state;
  mapped.apps[0].ports[1].container_port = 8'080;
  mapped.apps[0].ports[1].labels = {{"a", "b"}};
  const Json shown = Json::parse(nixy_config_json("p", "", {}, {}, &mapped))["Apps"]["/shop/cart"]["Container"];
  EXPECT_EQ(shown.dump(), R"({"PortMappings":[{"ContainerPort":8080,"HostPort":0,"Labels":{"a":"b"},)"
                          R"("Protocol":"tcp","ServicePort":0}]})");
  EXPECT_EQ(app["PortDefinitions"][0].dump(), R"({"Port":10000,"Protocol":"tcp","Name":"http","Labels":{}})");
  // Two blanks of indentation at every depth, as a dump of the whole would have.
  EXPECT_EQ(text, body.dump(2) + "\n");
}

TEST(NixyConfigTest, OnlyExposedEnvironmentIsShown) {
  auto state = routes();
  EXPECT_EQ(Json::parse(nixy_config_json("p", "", {}, {}, &state))["Apps"]["/shop/cart"]["Env"], Json::object());
  state.apps[0].env = {{"DC", "fra1"}};
  EXPECT_EQ(Json::parse(nixy_config_json("p", "", {}, {}, &state))["Apps"]["/shop/cart"]["Env"]["DC"], "fra1");
}

}  // namespace
}  // namespace chorale::agent
