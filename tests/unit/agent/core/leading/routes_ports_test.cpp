#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/core/leading/routes.h"
#include "agent/core/leading/routes_ports.h"
#include "render/invariants.h"
#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

MarathonPort mapping(std::int32_t container_port, bool has_host_port) {
  MarathonPort port;
  port.container_port = container_port;
  port.has_host_port = has_host_port;
  return port;
}

std::string port_summary(const render::RoutingState& state) {
  std::string text;
  for (const render::App& one : state.apps) {
    for (const render::Port& port : one.ports) {
      text += (text.empty() ? "" : " ") + std::to_string(port.index) + "=";
      for (const render::Server& server : port.servers) text += server.address + ",";
    }
  }
  return text;
}

TEST(RoutesPortsTest, HostModeTakesTheTasksPortsInOrder) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001, 31002})});
  web.ports.resize(2);
  web.ports[1].name = "admin";
  web.ports[1].protocol = "udp,tcp";
  web.ports[1].service_port = 10'001;
  const Routes routes = routes_of(apps({web}));
  EXPECT_EQ(port_summary(routes.state), "0=10.0.0.1:31001, 1=10.0.0.1:31002,");
  EXPECT_EQ(routes.state.apps[0].ports[1].name, "admin");
  EXPECT_EQ(routes.state.apps[0].ports[1].protocol, "udp,tcp");
  EXPECT_EQ(routes.state.apps[0].ports[1].service_port, 10'001);
}

TEST(RoutesPortsTest, WithoutDeclaredPortsTheTaskWithMostSaysHowMany) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001, 31002}), task("b", "10.0.0.2", {31003})});
  web.ports.clear();
  EXPECT_EQ(port_summary(routes_of(apps({web})).state), "0=10.0.0.1:31001,10.0.0.2:31003, 1=10.0.0.1:31002,");
}

TEST(RoutesPortsTest, OnTheSlavesNetworkNoPortNeedsAHostPort) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001})});
  web.ports = {mapping(0, false)};
  const MarathonApp on_host = web;
  EXPECT_EQ(unreachable_port(on_host, on_host.ports[0], {}), std::nullopt);
  web.network = NetworkMode::kBridge;
  EXPECT_EQ(unreachable_port(web, web.ports[0], {}), "the port has no host port");
}

TEST(RoutesPortsTest, ContainerPortsWithoutHostPortUseTheContainersAddressAndTakeNoHostPort) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001, 31002})});
  web.network = NetworkMode::kContainer;
  web.tasks[0].ip_addresses = {"9.0.1.2", "9.0.1.3"};
  web.ports = {mapping(80, true), mapping(8080, false), mapping(443, true)};
  EXPECT_EQ(port_summary(routes_of(apps({web})).state), "0=10.0.0.1:31001, 1=9.0.1.2:8080, 2=10.0.0.1:31002,");
}

TEST(RoutesPortsTest, PortsOfMappingsAreKeptForPeople) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001, 31002, 31003})});
  web.network = NetworkMode::kBridge;
  web.ports = {mapping(8080, true), mapping(65'536, true), mapping(-1, true)};
  const Routes routes = routes_of(apps({web}));
  ASSERT_EQ(routes.state.apps.size(), 1U);
  std::vector<std::int32_t> ports;
  for (const render::Port& port : routes.state.apps[0].ports) ports.push_back(port.container_port);
  EXPECT_THAT(ports, ElementsAre(8080, 0, 0));
}

TEST(RoutesPortsTest, AContainerWithoutAddressIsNotServed) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {})});
  web.network = NetworkMode::kContainer;
  web.ports = {mapping(80, false)};
  const Routes routes = routes_of(apps({web}));
  EXPECT_THAT(routes.state.apps, IsEmpty());
  EXPECT_THAT(reasons(routes), HasSubstr("/web a is left out: its container has no address yet"));
}

TEST(RoutesPortsTest, BridgeModeNeverUsesTheContainersAddress) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001})});
  web.network = NetworkMode::kBridge;
  web.tasks[0].ip_addresses = {"172.17.0.2"};
  web.ports = {mapping(80, true), mapping(81, false)};
  EXPECT_EQ(port_summary(routes_of(apps({web})).state), "0=10.0.0.1:31001,");
}

TEST(RoutesPortsTest, TasksOfAnotherVersionHaveFewerPorts) {
  MarathonApp web = app("/web", {task("old", "10.0.0.1", {31001}), task("new", "10.0.0.2", {31002, 31003})});
  web.ports.resize(2);
  EXPECT_EQ(port_summary(routes_of(apps({web})).state), "0=10.0.0.1:31001,10.0.0.2:31002, 1=10.0.0.2:31003,");
}

TEST(RoutesPortsTest, WithoutDeclaredPortsTheTasksPortsCount) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001, 31002})});
  web.ports.clear();
  EXPECT_EQ(port_summary(routes_of(apps({web})).state), "0=10.0.0.1:31001, 1=10.0.0.1:31002,");
}

TEST(RoutesPortsTest, AppsWithoutPortsAreNotServed) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {})});
  web.ports.clear();
  EXPECT_THAT(routes_of(apps({web})).state.apps, IsEmpty());
  EXPECT_THAT(routes_of(apps({app("/web", {task("a", "10.0.0.1", {0})})})).state.apps, IsEmpty());
}

TEST(RoutesPortsTest, AnAppWhoseFirstPortHasNoServerIsLeftOut) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001})});
  web.network = NetworkMode::kContainer;
  web.ports = {mapping(80, false), mapping(81, true)};
  EXPECT_THAT(routes_of(apps({web})).state.apps, IsEmpty());
}

MarathonApp with_admin_port() {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001, 31002})});
  web.ports.resize(2);
  web.ports[1].name = "admin";
  return web;
}

TEST(RoutesPortsTest, ALabelNamesThePortWhoseServersAreTheApps) {
  for (const char* value : {"admin", "1"}) {
    MarathonApp web = with_admin_port();
    web.labels["chorale.port"] = value;
    const Routes routes = routes_of(apps({web}));
    EXPECT_EQ(summary(routes.state), "/web 10.0.0.1:31002") << value;
    EXPECT_EQ(port_summary(routes.state), "0=10.0.0.1:31001, 1=10.0.0.1:31002,") << "both are there";
    EXPECT_EQ(routes.state.apps.at(0).main_port, 1);
    EXPECT_THAT(routes.exclusions, IsEmpty());
  }
  MarathonApp web = with_admin_port();
  web.ports[0].name = "1";
  web.labels["chorale.port"] = "1";
  EXPECT_EQ(summary(routes_of(apps({web})).state), "/web 10.0.0.1:31001") << "a name goes before an index";
}

// To serve another port than was meant might show everybody what is not meant for all.
TEST(RoutesPortsTest, ALabelThatNamesNoPortLeavesTheAppOut) {
  for (const char* value : {"2", "", "-1", "1x", "metrics"}) {
    MarathonApp web = with_admin_port();
    web.labels["chorale.port"] = value;
    const Routes routes = routes_of(apps({web}));
    EXPECT_THAT(routes.state.apps, IsEmpty()) << value;
    EXPECT_EQ(reasons(routes),
              "/web is left out: its label chorale.port names none of its 2 ports: \"" + std::string(value) + "\"\n");
  }
}

TEST(RoutesPortsTest, TheFirstPortThatCanBeReachedIsTheApps) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001})});
  web.network = NetworkMode::kBridge;
  web.ports = {mapping(80, false), mapping(81, true)};
  const Routes routes = routes_of(apps({web}));
  EXPECT_EQ(summary(routes.state), "/web 10.0.0.1:31001");
  EXPECT_EQ(routes.state.apps.at(0).main_port, 1);
  web.network = NetworkMode::kContainer;
  web.ports[0].container_port = 0;
  EXPECT_EQ(summary(routes_of(apps({web})).state), "/web 10.0.0.1:31001") << "port 0 has no number at all";
}

TEST(RoutesPortsTest, ALabelThatNamesAPortOutOfReachSaysWhy) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001})});
  web.network = NetworkMode::kBridge;
  web.ports = {mapping(80, true), mapping(81, false)};
  web.labels["chorale.port"] = "1";
  EXPECT_EQ(reasons(routes_of(apps({web}))),
            "/web is left out: no routable task: the port has no host port\n/web a is left out: the port has no host "
            "port\n");
}

TEST(RoutesPortsTest, PortsMayHaveHostsOfTheirOwn) {
  MarathonApp web = with_admin_port();
  web.labels = {{"chorale.0.host", "WWW.example.com"},
                {"chorale.1.host", "ops"},
                {"chorale.admin.host", "admin ops"},
                {"chorale.host", "x"},
                {"chorale.metrics.host", "m"}};
  const Routes routes = routes_of(apps({web}));
  const render::App& one = routes.state.apps.at(0);
  EXPECT_THAT(one.hosts, ElementsAre("web"));
  EXPECT_THAT(one.ports.at(0).hosts, ElementsAre("www.example.com"));
  EXPECT_THAT(one.ports.at(1).hosts, ElementsAre("ops", "admin"));
  EXPECT_EQ(reasons(routes), "/web is served without its label chorale.metrics.host: it names none of its ports\n");
  EXPECT_FALSE(render::find_broken_invariant(routes.state));
}

TEST(RoutesPortsTest, AHostOfAPortThatIsNoneIsNamed) {
  MarathonApp web = with_admin_port();
  web.labels["chorale.1.host"] = "fine b_d";
  RoutePolicy policy;
  EXPECT_EQ(
      reasons(routes_of(apps({web}), policy)).find("/web is served without host \"b_d\" of label chorale.1.host: it "),
      0U);
  policy.longest_server_name = 3;
  EXPECT_THAT(reasons(routes_of(apps({web}), policy)),
              HasSubstr("host \"fine\" of label chorale.1.host: it has 4 bytes"));
}

TEST(RoutesPortsTest, HostsOfPortsBelongToOneAppAsAnyHost) {
  MarathonApp web = with_admin_port();
  web.labels["chorale.1.host"] = "web api ops ops.example.com";
  web.labels["chorale.0.host"] = "ops";
  const MarathonApps list = apps({web, app_of_size("/api", 1)});
  const Routes routes = routes_of(list);
  EXPECT_THAT(routes.state.apps.at(1).ports.at(0).hosts, ElementsAre("ops"));
  EXPECT_THAT(routes.state.apps.at(1).ports.at(1).hosts, ElementsAre("ops.example.com"));
  EXPECT_EQ(reasons(routes),
            "/web is served without host web of one of its ports: it has it already\n"
            "/web is served without host api: it belongs to /api\n"
            "/web is served without host ops of one of its ports: it has it already\n");
  // Who holds it keeps it.
  MarathonApp before = with_admin_port();
  before.id = "/zoo";
  before.labels["chorale.admin.host"] = "api";
  const render::RoutingState served = state_of(apps({before}));
  const Routes after = routes_of(apps({before, app_of_size("/api", 1)}), {}, {}, &served);
  EXPECT_EQ(reasons(after),
            "/api is served without host api: it belongs to /zoo\n/api is served by path only: all its hosts belong to "
            "other apps\n");
  EXPECT_THAT(after.state.apps.at(1).ports.at(1).hosts, ElementsAre("api"));
}

TEST(RoutesPortsTest, OneServerPerAddress) {
  const auto list = apps({app("/web", {task("b", "10.0.0.1", {31001}), task("a", "10.0.0.1", {31001})})});
  const Routes routes = routes_of(list);
  ASSERT_THAT(routes.state.apps[0].servers(), SizeIs(1));
  EXPECT_EQ(routes.state.apps[0].servers()[0].task_id, "a");
}

TEST(RoutesPortsTest, Ipv6AddressesStandInBrackets) {
  const Routes routes = routes_of(apps({app("/web", {task("a", "2001:db8::1", {31001})})}));
  EXPECT_EQ(summary(routes.state), "/web [2001:db8::1]:31001");
  EXPECT_EQ(routes.state.apps[0].servers()[0].host, "2001:db8::1");
}

TEST(RoutesPortsTest, AContainersOwnPortMustBeOne) {
  struct Case {
    std::int32_t container_port;
    bool served;
  };
  for (const Case& one : {Case{-1, false}, Case{0, false}, Case{1, true}, Case{65'535, true}, Case{65'536, false}}) {
    MarathonApp web = app("/web", {task("a", "10.0.0.1", {})});
    web.network = NetworkMode::kContainer;
    web.tasks[0].ip_addresses = {"9.0.1.2"};
    web.ports = {mapping(one.container_port, false)};
    EXPECT_EQ(routes_of(apps({web})).state.apps.size(), one.served ? 1U : 0U) << one.container_port;
  }
}

TEST(RoutesPortsTest, AddressesThatAreNoHostsAreNeverServersAndAreNamed) {
  const Routes routes = routes_of(apps(
      {app("/web", {task("a", "169.254.169.254", {80}), task("b", "0.0.0.0", {80}), task("c", "224.0.0.1", {80}),
                    task("d", "255.255.255.255", {80}), task("e", "127.0.0.1", {80}), task("f", "10.0.0.1", {80})})}));
  EXPECT_EQ(port_summary(routes.state), "0=10.0.0.1:80,");
  EXPECT_EQ(reasons(routes),
            "/web a is left out: its address 169.254.169.254 is link-local\n"
            "/web b is left out: its address 0.0.0.0 is that of no host\n"
            "/web c is left out: its address 224.0.0.1 is a multicast address\n"
            "/web d is left out: its address 255.255.255.255 is the broadcast address\n"
            "/web e is left out: its address 127.0.0.1 is a proxy's own (loopback)\n");
}

TEST(RoutesPortsTest, AContainersAddressIsJudgedToo) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {})});
  web.network = NetworkMode::kContainer;
  web.tasks[0].ip_addresses = {"169.254.0.9"};
  web.ports = {mapping(80, false)};
  EXPECT_THAT(reasons(routes_of(apps({web}))), HasSubstr("its address 169.254.0.9 is link-local"));
}

TEST(RoutesPortsTest, ANameTakesItsFirstAddressWhereAServerCanBe) {
  const MarathonApps list = apps({app("/web", {task("a", "slave-1", {80}), task("b", "slave-2", {80})})});
  const ResolvedNames names{{"slave-1", {"127.0.1.1", "10.0.0.1", "10.0.0.2"}}, {"slave-2", {"127.0.1.1"}}};
  const Routes routes = routes_of(list, {}, names);
  EXPECT_EQ(port_summary(routes.state), "0=10.0.0.1:80,");
  EXPECT_THAT(reasons(routes), HasSubstr("/web b is left out: its address 127.0.1.1 is a proxy's own (loopback)"));
}

TEST(RoutesPortsTest, LoopbackIsServedWhereTheClusterRunsOnThisMachine) {
  RoutePolicy policy;
  policy.serve_loopback = true;
  EXPECT_EQ(port_summary(routes_of(apps({app("/web", {task("a", "127.0.0.1", {80})})}), policy).state),
            "0=127.0.0.1:80,");
}

}  // namespace
}  // namespace chorale::agent
