// What an app's ports mean in every era of Marathon, each with the smallest JSON that shows it.
#include <gtest/gtest.h>

#include "agent/marathon/apps_parser.h"

namespace chorale::agent {
namespace {

MarathonApp app(const std::string& members) {
  auto parsed = parse_app(R"({"app":{"id":"/a","tasks":[],)" + members + "}}");
  EXPECT_TRUE(parsed) << members << ": " << (parsed ? "" : parsed.error().message);
  return parsed.value_or(MarathonApp{});
}

MarathonPort port(std::string name, std::int32_t service, std::int32_t container, bool host = true) {
  MarathonPort made;
  made.name = std::move(name);
  made.service_port = service;
  made.container_port = container;
  made.has_host_port = host;
  return made;
}

using Ports = std::vector<MarathonPort>;

TEST(AppsDialectsTest, HostPortsOfMarathon09) {
  const MarathonApp read = app(R"("ports":[10000,10001],"container":null)");
  EXPECT_EQ(read.network, NetworkMode::kHost);
  EXPECT_EQ(read.ports, (Ports{port("", 10000, 0), port("", 10001, 0)}));
}

TEST(AppsDialectsTest, BridgeOfMarathon09) {
  const MarathonApp read = app(
      R"("ports":[10000],"container":{"type":"DOCKER","docker":{"image":"x","network":"BRIDGE","portMappings":[
         {"containerPort":80,"hostPort":0,"servicePort":10000,"protocol":"tcp"}]}})");
  EXPECT_EQ(read.network, NetworkMode::kBridge);
  EXPECT_EQ(read.ports, (Ports{port("", 10000, 80)}));
}

TEST(AppsDialectsTest, DefinitionsOfMarathon10WinOverPorts) {
  const MarathonApp read = app(
      R"("ports":[10000,10001],"portDefinitions":[{"port":10000,"protocol":"tcp","name":"http","labels":{"k":"v"}},
         {"port":10001,"protocol":"udp"}],"requirePorts":false)");
  ASSERT_EQ(read.ports.size(), 2U);
  EXPECT_EQ(read.ports[0].name, "http");
  EXPECT_EQ(read.ports[0].labels.at("k"), "v");
  EXPECT_EQ(read.ports[1].protocol, "udp");
}

TEST(AppsDialectsTest, DockerHostOfMarathon14) {
  const MarathonApp read =
      app(R"("container":{"docker":{"network":"HOST","portMappings":null}},"portDefinitions":[{"port":10000}])");
  EXPECT_EQ(read.network, NetworkMode::kHost);
  EXPECT_EQ(read.ports, (Ports{port("", 10000, 0)}));
}

TEST(AppsDialectsTest, DockerUserNetworkOfMarathon14) {
  const MarathonApp read = app(
      R"("ipAddress":{"networkName":"dcos"},"container":{"docker":{"network":"USER","portMappings":[
         {"containerPort":80,"servicePort":10000,"name":"a"},
         {"containerPort":81,"servicePort":10001,"hostPort":0,"name":"b"},
         {"containerPort":82,"servicePort":10002,"hostPort":null,"name":"c"}]}})");
  EXPECT_EQ(read.network, NetworkMode::kContainer);
  EXPECT_EQ(read.ports, (Ports{port("a", 10000, 80, false), port("b", 10001, 81, true), port("c", 10002, 82, false)}));
}

TEST(AppsDialectsTest, DiscoveryPortsOfMarathon14) {
  const MarathonApp read = app(
      R"("ipAddress":{"groups":[],"labels":{},"discovery":{"ports":[
         {"number":8080,"name":"http","protocol":"tcp","labels":{"k":"v"}}]},"networkName":"n"})");
  EXPECT_EQ(read.network, NetworkMode::kContainer);
  ASSERT_EQ(read.ports.size(), 1U);
  EXPECT_EQ(read.ports[0].container_port, 8080);
  EXPECT_FALSE(read.ports[0].has_host_port);
  EXPECT_EQ(read.ports[0].labels.at("k"), "v");
}

TEST(AppsDialectsTest, NetworksOfMarathon15) {
  const MarathonApp host = app(R"("networks":[{"mode":"host"}],"portDefinitions":[{"port":10000,"name":"http"}])");
  EXPECT_EQ(host.network, NetworkMode::kHost);
  EXPECT_EQ(host.ports, (Ports{port("http", 10000, 0)}));

  const MarathonApp bridge = app(
      R"("networks":[{"mode":"container/bridge"}],"container":{"portMappings":[{"containerPort":80,"servicePort":10000}]})");
  EXPECT_EQ(bridge.network, NetworkMode::kBridge);
  EXPECT_EQ(bridge.ports, (Ports{port("", 10000, 80)})) << "an absent hostPort is a random one in bridge mode";

  const MarathonApp container = app(
      R"("networks":[{"name":"a","mode":"container"},{"name":"b","mode":"container"}],"container":{"portMappings":[
         {"containerPort":80,"servicePort":10000,"networkNames":["a"]},
         {"containerPort":81,"servicePort":10001,"hostPort":31000,"protocol":"udp,tcp"}]})");
  EXPECT_EQ(container.network, NetworkMode::kContainer);
  ASSERT_EQ(container.ports.size(), 2U);
  EXPECT_FALSE(container.ports[0].has_host_port);
  EXPECT_TRUE(container.ports[1].has_host_port);
  EXPECT_EQ(container.ports[1].protocol, "udp,tcp");
}

TEST(AppsDialectsTest, UnknownNetworkIsTakenForTheHosts) {
  EXPECT_EQ(app(R"("networks":[{"mode":"quantum"}],"portDefinitions":[{"port":1}])").network, NetworkMode::kHost);
  EXPECT_EQ(app(R"("networks":[])").network, NetworkMode::kHost);
}

TEST(AppsDialectsTest, AppWithoutPortsIsLegal) {
  EXPECT_TRUE(app(R"("networks":[{"mode":"host"}],"portDefinitions":[])").ports.empty());
}

// For people alone: whatever stands there makes no app unreadable.
TEST(AppsDialectsTest, InstancesAreReadWhereTheyAreANumber) {
  const auto instances = [](const std::string& value) {
    const auto apps = parse_apps(R"({"apps":[{"instances":)" + value + R"(,"id":"/a","tasks":[]}]})");
    EXPECT_TRUE(apps) << value;
    EXPECT_TRUE(apps && !apps->at("/a").unreadable) << value;
    return apps ? apps->at("/a").instances : std::nullopt;
  };
  EXPECT_EQ(instances("0"), 0U);
  EXPECT_EQ(instances("70000"), 70'000U);
  for (const char* odd : {"null", "-1", "1.5", "\"3\"", "true", "{\"a\":1}", "[1]"}) {
    EXPECT_EQ(instances(odd), std::nullopt) << odd;
  }
}

TEST(AppsDialectsTest, KeysComeInAnyOrder) {
  const MarathonApp read = app(
      R"("container":{"portMappings":[{"hostPort":0,"servicePort":1,"containerPort":2}],"docker":{"image":"x"}},
         "networks":[{"mode":"container/bridge"}])");
  EXPECT_EQ(read.network, NetworkMode::kBridge);
  EXPECT_EQ(read.ports, (Ports{port("", 1, 2)}));
}

TEST(AppsDialectsTest, FirstHttpCheckGivesThePath) {
  EXPECT_EQ(
      app(R"("healthChecks":[{"protocol":"COMMAND","command":{"value":"x","path":"/no"}},{"protocol":"TCP","path":"/"},
                 {"path":"/a"},{"protocol":"HTTP","path":"/b"}])")
          .health_path,
      "/a");
}

TEST(AppsDialectsTest, TasksOfEveryEra) {
  const auto read = parse_app(R"({"app":{"id":"/a","tasks":[
      {"id":"old","appId":"/a","host":"h","ports":[31000],"startedAt":"x","stagedAt":"y","version":"v"},
      {"id":"staged","host":"h","ports":[31001],"startedAt":null},
      {"id":"resident","state":"TASK_LOST","ports":[]},
      {"id":"new","state":"TASK_RUNNING","ipAddresses":[{"ipAddress":"fd00::1","protocol":"IPv6"},{"protocol":"IPv4"}]}]}})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->tasks[0].state, "");
  EXPECT_TRUE(read->tasks[0].started);
  EXPECT_FALSE(read->tasks[1].started);
  EXPECT_EQ(read->tasks[2].version, "");
  EXPECT_EQ(read->tasks[3].ip_addresses, std::vector<std::string>{"fd00::1"});
}

}  // namespace
}  // namespace chorale::agent
