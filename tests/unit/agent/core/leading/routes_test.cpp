#include "agent/core/leading/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/core/leading/routes_servers.h"
#include "render/invariants.h"
#include "tests/unit/agent/core/leading/marathon_values.h"

namespace chorale::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

MarathonApp labelled(std::string id, std::map<std::string, std::string> labels) {
  MarathonApp made = app_of_size(id, 1);
  made.labels = std::move(labels);
  return made;
}

TEST(RoutesTest, RunningTasksAreServedSortedByAddress) {
  const auto list = apps({app("/shop/cart", {task("b", "10.0.0.2", {31002}), task("a", "10.0.0.1", {31001})})});
  const Routes routes = routes_of(list);
  EXPECT_EQ(summary(routes.state), "/shop/cart 10.0.0.1:31001 10.0.0.2:31002");
  EXPECT_EQ(routes.state.apps[0].name, "cart.shop");
  EXPECT_EQ(routes.state.apps[0].path, "/shop/cart");
  EXPECT_THAT(routes.state.apps[0].hosts, ElementsAre("cart.shop"));
  EXPECT_THAT(routes.exclusions, IsEmpty());
}

TEST(RoutesTest, OnlyRunningTasksAreServed) {
  for (const char* state : {"TASK_STAGING", "TASK_STARTING", "TASK_KILLING", "TASK_UNREACHABLE", "TASK_LOST",
                            "TASK_KILLED", "TASK_SOMETHING_NEW"}) {
    const auto list = apps({app("/web", {in_state(task("a", "10.0.0.1", {31001}), state)})});
    EXPECT_THAT(routes_of(list).state.apps, IsEmpty()) << state;
    EXPECT_THAT(reasons(routes_of(list)), HasSubstr(std::string("/web a is left out: ") + state));
  }
}

TEST(RoutesTest, WithoutStateAStartedTaskIsServed) {
  MarathonTask staged = in_state(task("b", "10.0.0.2", {31002}), "");
  staged.started = false;
  const auto list = apps({app("/web", {in_state(task("a", "10.0.0.1", {31001}), ""), staged})});
  EXPECT_EQ(summary(routes_of(list).state), "/web 10.0.0.1:31001");
}

TEST(RoutesTest, EveryResultMustBeAliveAndSomeMustExist) {
  MarathonApp web =
      app("/web",
          {judged(task("both", "10.0.0.1", {31001}), {true, true}), judged(task("one", "10.0.0.2", {31002}), {true}),
           judged(task("mixed", "10.0.0.3", {31003}), {true, false}), task("new", "10.0.0.4", {31004})});
  web.health_checks = 2;
  const Routes routes = routes_of(apps({web}));
  EXPECT_EQ(summary(routes.state), "/web 10.0.0.1:31001 10.0.0.2:31002");
  EXPECT_EQ(routes.state.apps[0].servers()[0].health, render::Health::kAlive);
  EXPECT_THAT(reasons(routes), HasSubstr("/web mixed is left out: a health check fails"));
  EXPECT_THAT(reasons(routes), HasSubstr("/web new is left out: no health result yet"));
}

TEST(RoutesTest, RealmMustMatchExactly) {
  RoutePolicy policy;
  policy.realm = {"prod"};
  const auto list = apps(
      {labelled("/a", {{"NIXY_REALM", "prod"}}), labelled("/b", {{"NIXY_REALM", "prod,test"}}), labelled("/c", {})});
  const Routes routes = routes_of(list, policy);
  EXPECT_THAT(routes.state.apps, SizeIs(1));
  EXPECT_EQ(routes.state.apps[0].id, "/a");
  EXPECT_EQ(routes.state.realm, "prod");
}

TEST(RoutesTest, OneOfSeveralRealmsIsEnough) {
  RoutePolicy policy;
  policy.realm = {"prod", "blue"};
  const auto list = apps({labelled("/a", {{"NIXY_REALM", "prod"}}), labelled("/b", {{"NIXY_REALM", "blue"}}),
                          labelled("/c", {{"NIXY_REALM", "blue,prod"}}), labelled("/d", {})});
  const Routes routes = routes_of(list, policy);
  EXPECT_EQ(summary(routes.state), "/a 10.0.0.1:31001 | /b 10.0.0.1:31001");
  EXPECT_EQ(routes.state.realm, "blue,prod");
  EXPECT_EQ(reasons(routes),
            "/c is left out: of another realm: \"blue,prod\"\n/d is left out: it has no realm, and only apps of some "
            "realms are served\n");
}

TEST(RoutesTest, HostsComeFromLabels) {
  struct Case {
    std::map<std::string, std::string> labels;
    std::vector<std::string> hosts;
  };
  const std::vector<Case> cases = {
      {{{"subdomain", "a.example.com"}}, {"a.example.com"}},
      {{{"subdomain", " a  b\tA "}}, {"a", "b"}},
      {{{"subdomain", "a"}, {"moxy_subdomain", "b"}}, {"a"}},
      {{{"moxy_subdomain", "b"}}, {"b"}},
      {{{"subdomain", "a;} b_c d"}}, {"d"}},
      {{{"subdomain", "AZ"}}, {"az"}},
      {{}, {"web"}},
  };
  for (const Case& one : cases) {
    const Routes routes = routes_of(apps({labelled("/web", one.labels)}));
    ASSERT_THAT(routes.state.apps, SizeIs(1));
    EXPECT_EQ(routes.state.apps[0].hosts, one.hosts);
  }
}

TEST(RoutesTest, ALabelWithoutAnyValidHostLeavesTheAppOut) {
  for (const char* value : {"", "  ", "not_a_host", "a..b"}) {
    const Routes routes = routes_of(apps({labelled("/web", {{"subdomain", value}, {"moxy_subdomain", "fine"}})}));
    EXPECT_THAT(routes.state.apps, IsEmpty()) << value;
    EXPECT_THAT(reasons(routes), HasSubstr("/web is left out: label subdomain names no valid host"));
  }
}

TEST(RoutesTest, AnIdThatIsNoHostIsServedByPath) {
  const Routes routes = routes_of(apps({app_of_size("/shop/-cart", 1)}));
  ASSERT_THAT(routes.state.apps, SizeIs(1));
  EXPECT_THAT(routes.state.apps[0].hosts, IsEmpty());
  EXPECT_THAT(reasons(routes), HasSubstr("/shop/-cart is served without a host name: its id gives none"));
}

TEST(RoutesTest, ADuplicateHostGoesToTheLowestIdAndTheLoserKeepsItsOthers) {
  const auto list = apps({labelled("/b", {{"subdomain", "shop other"}}), labelled("/a", {{"subdomain", "SHOP"}}),
                          labelled("/c", {{"subdomain", "shop"}})});
  const Routes routes = routes_of(list);
  ASSERT_THAT(routes.state.apps, SizeIs(3));
  EXPECT_THAT(routes.state.apps[0].hosts, ElementsAre("shop"));
  EXPECT_THAT(routes.state.apps[1].hosts, ElementsAre("other"));
  EXPECT_THAT(routes.state.apps[2].hosts, IsEmpty());
  EXPECT_THAT(reasons(routes), HasSubstr("/b is served without host shop: it belongs to /a\n"));
  EXPECT_THAT(reasons(routes), HasSubstr("/c is served without host shop: it belongs to /a\n"));
}

TEST(RoutesTest, AnAppWithoutTasksClaimsNoHost) {
  MarathonApp blue = app("/blue", {});
  blue.labels["subdomain"] = "shop";
  const Routes routes = routes_of(apps({blue, labelled("/green", {{"subdomain", "shop"}})}));
  ASSERT_THAT(routes.state.apps, SizeIs(1));
  EXPECT_THAT(routes.state.apps[0].hosts, ElementsAre("shop"));
  EXPECT_THAT(reasons(routes), HasSubstr("/blue is left out: no routable task"));
}

TEST(RoutesTest, AnIdThatCouldBreakALocationLeavesThatAppOutAlone) {
  const Routes routes = routes_of(apps({app_of_size("/ok", 1), app_of_size("/bad;} server {", 1)}));
  ASSERT_THAT(routes.state.apps, SizeIs(1));
  EXPECT_EQ(routes.state.apps[0].id, "/ok");
  EXPECT_THAT(reasons(routes), HasSubstr("is left out: its id"));
}

TEST(RoutesTest, RetryWithAnUnknownWordIsDroppedAndNamed) {
  const Routes routes = routes_of(apps({labelled("/bad", {{"chorale.retry", "http_500 sometimes"}, {"kept", "1"}}),
                                        labelled("/good", {{"chorale.retry", "http_500"}})}));
  ASSERT_THAT(routes.state.apps, SizeIs(2));
  EXPECT_THAT(routes.state.apps[0].labels, ElementsAre(testing::Pair("kept", "1")));
  EXPECT_THAT(routes.state.apps[1].labels, ElementsAre(testing::Pair("chorale.retry", "http_500")));
  EXPECT_THAT(reasons(routes),
              HasSubstr("/bad is served without its label chorale.retry: it has a word that is none of"));
}

TEST(RoutesTest, LabelsThatTemplatesPrintBareAreDroppedOneByOne) {
  const std::map<std::string, std::string> good = {
      {"chorale.timeout", "5m"}, {"chorale.header.X-A", "1"}, {"chorale.allow", "10.0.0.0/8"}};
  MarathonApp web = labelled("/web", good);
  web.labels.insert(
      {{"chorale.rate", "1; }"}, {"chorale.header.X-B", "$x"}, {"chorale.sticky", std::string(5'000, 'x')}});
  const Routes routes = routes_of(apps({web}));
  ASSERT_THAT(routes.state.apps, SizeIs(1));
  EXPECT_EQ(routes.state.apps[0].labels, good);
  EXPECT_THAT(routes.exclusions, SizeIs(3));
  EXPECT_THAT(reasons(routes),
              HasSubstr("/web is served without its label chorale.rate: it is no whole number within"));
  EXPECT_THAT(reasons(routes), HasSubstr("/web is served without its label chorale.header.X-B: it has '$'"));
}

TEST(RoutesTest, LabelThatKeepsClientsOutShutsTheDoorWhereItIsRefused) {
  for (const auto& [label, value] :
       std::vector<std::pair<std::string, std::string>>{{"chorale.allow", "10.0.0.1/8"},
                                                        {"chorale.allow", "$x"},
                                                        {"chorale.allow", std::string(5'000, '1')},
                                                        {"chorale.auth", "../passwd"},
                                                        {"chorale.auth", "a\nb"}}) {
    const Routes routes = routes_of(apps({labelled("/web", {{label, value}}), app_of_size("/z", 1)}));
    ASSERT_THAT(routes.state.apps, SizeIs(2)) << value;
    EXPECT_THAT(routes.state.apps[0].labels, ElementsAre(testing::Pair("chorale.allow", "none"))) << value;
    EXPECT_THAT(routes.exclusions, SizeIs(1)) << value;
    EXPECT_THAT(reasons(routes), HasSubstr("/web is served to nobody, since its label " + label + " ")) << value;
  }
  const Routes more = routes_of(apps({labelled("/web", {{"chorale.allow", "$"}, {"chorale.rate", "$"}})}));
  EXPECT_THAT(more.state.apps[0].labels, ElementsAre(testing::Pair("chorale.allow", "none")));
  const Routes both = routes_of(apps({labelled("/web", {{"chorale.allow", "10.0.0.0/8"}, {"chorale.auth", "/"}})}));
  EXPECT_THAT(both.state.apps[0].labels, ElementsAre(testing::Pair("chorale.allow", "none")));
}

MarathonApp on_port(const std::string& id, std::int32_t service_port, const std::string& protocol = "tcp") {
  MarathonApp made = app_of_size(id, 1);
  made.ports[0].service_port = service_port;
  made.ports[0].protocol = protocol;
  return made;
}

TEST(RoutesTest, ServicePortsAreSharedOnlyWhereTheTemplateListensOnThem) {
  const auto list = apps({on_port("/a", 10'000), on_port("/b", 10'000), on_port("/ssh", 22), on_port("/none", 0)});
  EXPECT_THAT(routes_of(list).exclusions, IsEmpty());
  RoutePolicy policy;
  policy.service_ports = render::ServicePortRange{};
  const Routes routes = routes_of(list, policy);
  ASSERT_THAT(routes.state.apps, SizeIs(4));
  EXPECT_EQ(routes.state.apps[0].ports[0].service_port, 10'000);
  EXPECT_EQ(routes.state.apps[1].ports[0].service_port, 0);
  EXPECT_EQ(routes.state.apps[3].ports[0].service_port, 0);
  EXPECT_EQ(routes.state.apps[0].ports[0].lost_port, 0);
  EXPECT_EQ(routes.state.apps[1].ports[0].lost_port, 10'000);
  EXPECT_EQ(routes.state.apps[2].ports[0].lost_port, 0) << "nobody has it";
  EXPECT_EQ(reasons(routes),
            "/b is served without service port 10000: it belongs to /a\n"
            "/ssh is served without service port 22: the template listens on 10000 to 20000 alone\n");
}

TEST(RoutesTest, ServicePortStaysWithItsHolder) {
  RoutePolicy policy;
  policy.service_ports = render::ServicePortRange{};
  const Routes before = routes_of(apps({on_port("/b", 10'000, "udp,tcp")}), policy);
  const auto list = apps({on_port("/a", 10'000), on_port("/b", 10'000, "udp,tcp"), on_port("/c", 10'000, "udp")});
  const Routes routes = routes_of(list, policy, {}, &before.state);
  EXPECT_EQ(routes.state.apps[0].ports[0].service_port, 0);
  EXPECT_EQ(routes.state.apps[1].ports[0].service_port, 10'000);
  EXPECT_EQ(routes.state.apps[2].ports[0].service_port, 0);
  EXPECT_THAT(reasons(routes), HasSubstr("/a is served without service port 10000: it belongs to /b\n"));
  EXPECT_THAT(reasons(routes), HasSubstr("/c is served without service port 10000: it belongs to /b\n"));
}

TEST(RoutesTest, TextsThatCannotBeQuotedAreDroppedOneByOne) {
  MarathonApp web = labelled("/web", {{"fine", "; } server {"},
                                      {"dollar", "$host"},
                                      {"local", "@{secret}"},
                                      {"newline", "a\nb"},
                                      {"long", std::string(5'000, 'x')},
                                      {"bad\nkey", "x"}});
  web.env = {{"SHOWN", "yes"}, {"HIDDEN", "no"}, {"BROKEN", "$x"}};
  web.ports[0].labels = {{"ok", "1"}, {"no", "$"}};
  RoutePolicy policy;
  policy.expose_env = {"SHOWN", "BROKEN", "ABSENT"};
  const Routes routes = routes_of(apps({web}), policy);
  ASSERT_THAT(routes.state.apps, SizeIs(1));
  EXPECT_THAT(routes.state.apps[0].labels, ElementsAre(testing::Pair("fine", "; } server {")));
  EXPECT_THAT(routes.state.apps[0].env, ElementsAre(testing::Pair("SHOWN", "yes")));
  EXPECT_THAT(routes.state.apps[0].ports[0].labels, ElementsAre(testing::Pair("ok", "1")));
  EXPECT_THAT(reasons(routes), HasSubstr("/web is served without its label bad\\x0akey: it has"));
  EXPECT_THAT(routes.exclusions, SizeIs(7));
}

TEST(RoutesTest, LabelsOfDcosAreNamedOnce) {
  const std::map<std::string, std::string> labels = {{"DCOS_PACKAGE_METADATA", "$x"}, {"DCOS_PACKAGE_OPTIONS", "$y"}};
  const Routes one = routes_of(apps({labelled("/b", {{"DCOS_PACKAGE_METADATA", "$x"}}), app_of_size("/c", 1)}));
  EXPECT_THAT(reasons(one), testing::StartsWith("/b is served without its label DCOS_PACKAGE_METADATA: it has '$'"));
  EXPECT_THAT(reasons(one), testing::Not(HasSubstr("so are other apps")));
  const Routes more =
      routes_of(apps({labelled("/a", {{"mine", "$"}}), labelled("/b", labels), labelled("/c", labels)}));
  EXPECT_THAT(more.exclusions, SizeIs(2));
  EXPECT_THAT(reasons(more), HasSubstr("/a is served without its label mine: it has '$'"));
  EXPECT_THAT(reasons(more), HasSubstr("so are other apps with labels of DC/OS"));
  EXPECT_THAT(more.state.apps.at(2).labels, IsEmpty());
}

TEST(RoutesTest, WhatTemplatesMayPrintBareIsPlain) {
  MarathonApp web = app("/web", {task("a", "10.0.0.1", {31001}), task("b;}", "10.0.0.2", {31002})});
  web.tasks[0].version = "x;}";
  web.health_path = "/health;} location / {";
  web.ports[0].name = "http }";
  web.ports[0].protocol = "sctp";
  web.ports[0].service_port = 70'000;
  const Routes routes = routes_of(apps({web}));
  ASSERT_THAT(routes.state.apps, SizeIs(1));
  EXPECT_EQ(summary(routes.state), "/web 10.0.0.1:31001");
  EXPECT_EQ(routes.state.apps[0].servers()[0].version, "");
  EXPECT_EQ(routes.state.apps[0].health_path, "");
  EXPECT_EQ(routes.state.apps[0].ports[0].name, "");
  EXPECT_EQ(routes.state.apps[0].ports[0].protocol, "tcp");
  EXPECT_FALSE(render::find_broken_invariant(routes.state).has_value());
}

// Nginx takes no word of more than some 4,000 bytes, and one such task would take all apps with it.
TEST(RoutesTest, TaskOfALongIdIsLeftOutAndALongVersionIsNotShown) {
  const std::string longest(1'000, 'x');
  MarathonApp web = app("/web", {task(longest, "10.0.0.1", {31001}), task(longest + "x", "10.0.0.2", {31002})});
  web.tasks[0].version = longest + "x";
  const Routes routes = routes_of(apps({web}));
  ASSERT_EQ(summary(routes.state), "/web 10.0.0.1:31001");
  EXPECT_EQ(routes.state.apps[0].servers()[0].version, "");
  EXPECT_THAT(reasons(routes), HasSubstr("a length, that no task id has"));
}

TEST(RoutesTest, HostNamesAreServedByTheirFirstAddressAndLeftOutUntilKnown) {
  const auto list = apps({app("/web", {task("a", "node-1", {31001}), task("b", "node-2", {31002}),
                                       task("c", "no de;", {31003}), task("d", "", {31004})})});
  EXPECT_THAT(names_to_resolve(list), ElementsAre("node-1", "node-2"));
  const Routes routes = routes_of(list, {}, {{"node-1", {"10.0.0.7", "10.0.0.8"}}});
  EXPECT_EQ(summary(routes.state), "/web 10.0.0.7:31001");
  EXPECT_THAT(reasons(routes), HasSubstr("/web b is left out: host name node-2 does not resolve"));
  EXPECT_THAT(reasons(routes), HasSubstr("/web d is left out: Marathon names no host"));
}

TEST(RoutesTest, WhatWasBuiltKeepsTheInvariantsOfARoutingState) {
  const auto list = apps({labelled("/a", {{"subdomain", "x x X"}}), labelled("/b", {{"subdomain", "x y"}}),
                          app_of_size("/c.d", 3), app_of_size("/d/c", 2)});
  const auto broken = render::find_broken_invariant(state_of(list));
  EXPECT_FALSE(broken.has_value()) << broken->message;
}

TEST(RoutesTest, WhatAnotherRealmAsksForIsSaid) {
  RoutePolicy policy;
  policy.realm = {"prod"};
  const Routes routes = routes_of(apps({labelled("/b", {{"NIXY_REALM", "test"}}), labelled("/c", {})}), policy);
  EXPECT_EQ(reasons(routes),
            "/b is left out: of another realm: \"test\"\n/c is left out: it has no realm, and only apps of one realm "
            "are served\n");
}

TEST(RoutesTest, AHealthPathMayHaveAllCharactersOfAUrlAndAThousandOfThem) {
  MarathonApp web = app_of_size("/web", 1);
  web.health_path = "/az/AZ/09._~%?&=+:@,-";
  web.health_path.resize(1'000, 'x');
  EXPECT_EQ(state_of(apps({web})).apps.at(0).health_path, web.health_path);
  web.health_path += "x";
  EXPECT_EQ(state_of(apps({web})).apps.at(0).health_path, "");
}

TEST(RoutesTest, ReasonsOfOneAppStandInTheOrderInWhichTheyWereFound) {
  const Routes routes = routes_of(apps({labelled("/web", {{"subdomain", "b;z a;z fine"}, {"x", "$"}})}));
  EXPECT_THAT(
      reasons(routes),
      testing::MatchesRegex(
          "/web is served without host \"b;z\".*\n/web [^\n]*\"a;z\".*\n/web is served without its label x: .*\n"));
}

TEST(RoutesTest, TheLastServicePortIsOne) {
  MarathonApp web = app_of_size("/web", 1);
  web.ports[0].service_port = 65'535;
  EXPECT_EQ(state_of(apps({web})).apps.at(0).ports[0].service_port, 65'535);
}

TEST(RoutesTest, NamesOfHostsHaveLettersDigitsDotsDashesAndUnderscores) {
  EXPECT_TRUE(is_host_name("az.AZ-09_x"));
  EXPECT_FALSE(is_host_name("-a"));
  EXPECT_FALSE(is_host_name(""));
  EXPECT_FALSE(is_host_name("a b"));
  EXPECT_TRUE(is_host_name(std::string(253, 'a')));
  EXPECT_FALSE(is_host_name(std::string(254, 'a')));
}

TEST(RoutesTest, ATaskIsUpWhileItRunsAndNoResultSpeaksAgainstIt) {
  const HealthMemory memory;
  MarathonApp web = app_of_size("/web", 1);
  EXPECT_TRUE(is_up(web, web.tasks[0], memory, {}));
  EXPECT_FALSE(is_up(web, in_state(web.tasks[0], "TASK_STAGING"), memory, {}));
  web.health_checks = 1;
  EXPECT_FALSE(is_up(web, web.tasks[0], memory, {}));
  EXPECT_TRUE(is_up(web, judged(web.tasks[0], {true}), memory, {}));
  EXPECT_FALSE(is_up(web, judged(web.tasks[0], {false}), memory, {}));
}

}  // namespace
}  // namespace chorale::agent
