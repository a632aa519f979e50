#include "agent/marathon/apps_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Of the shape of Marathon 1.9, with what routing does not read in between.
constexpr std::string_view kList = R"({"apps":[
  {"id":"/shop/web","acceptedResourceRoles":["*"],"backoffFactor":1.15,"cmd":"x","cpus":0.1,"disk":0,
   "container":{"type":"DOCKER","docker":{"forcePullImage":false,"image":"web:1","parameters":[],"privileged":false},
     "volumes":[],"portMappings":[
       {"containerPort":80,"hostPort":0,"labels":{"VIP_0":"/web:80"},"name":"http","protocol":"tcp","servicePort":10004},
       {"containerPort":9090,"hostPort":0,"labels":{},"protocol":"tcp","servicePort":10005}]},
   "env":{"MODE":"green","KEY":{"secret":"pw"}},"labels":{"subdomain":"web.example.com","NIXY_REALM":"int"},
   "healthChecks":[{"protocol":"TCP","portIndex":0},{"protocol":"MESOS_HTTP","path":"/healthz","portIndex":0}],
   "networks":[{"mode":"container/bridge"}],"unreachableStrategy":"disabled","version":"2020-01-02T03:04:05.678Z",
   "versionInfo":{"lastScalingAt":"x","lastConfigChangeAt":"y"},"deployments":[{"id":"d1"}],"tasksRunning":1,
   "tasks":[{"id":"shop_web.instance-1._app.1","appId":"/shop/web","host":"n1.example.com","ports":[31005,31006],
     "servicePorts":[],"slaveId":"S1","state":"TASK_RUNNING","stagedAt":"a","startedAt":"b",
     "version":"2020-01-02T03:04:05.678Z","ipAddresses":[{"ipAddress":"172.17.0.4","protocol":"IPv4"}],
     "localVolumes":[],"role":"*","healthCheckResults":[
       {"alive":true,"consecutiveFailures":0,"firstSuccess":"c","instanceId":"shop_web.instance-1"},
       {"alive":false,"consecutiveFailures":2,"lastFailureCause":"500"}]}]},
  {"id":"/empty","labels":{},"networks":[{"mode":"host"}],"portDefinitions":[],"tasks":[]}]})";

Failure failure_of(std::string_view body) {
  const auto apps = parse_apps(body);
  EXPECT_FALSE(apps) << body;
  return apps ? Failure{} : apps.error();
}

MarathonApp app_of(const std::string& members) {
  const auto apps = parse_apps(R"({"apps":[{"id":"/a",)" + members + "}]}");
  EXPECT_TRUE(apps) << apps.error().message;
  return apps ? apps->at("/a") : MarathonApp{};
}

std::string list_of(const std::string& members) { return R"({"apps":[{"id":"/a",)" + members + "}]}"; }

// Why /a could not be read in a list that has another app before and after it, both of which must be read.
std::string unreadable_of(const std::string& members) {
  const auto apps = parse_apps(R"({"apps":[{"id":"/0","tasks":[{"id":"t0","ports":[1]}]},{"id":"/a",)" + members +
                               R"(},{"tasks":[{"id":"t1","ports":[2]}],"id":"/b"}]})");
  EXPECT_TRUE(apps) << members << apps.error().message;
  if (!apps) return "";
  EXPECT_EQ(apps->size(), 3U) << members;
  for (const char* other : {"/0", "/b"}) {
    EXPECT_EQ(apps->at(other).unreadable, std::nullopt) << members;
    EXPECT_EQ(apps->at(other).tasks.size(), 1U) << members;
  }
  const MarathonApp& a = apps->at("/a");
  EXPECT_TRUE(!a.unreadable || a.tasks.empty()) << "half of an app is no app";
  return a.unreadable.value_or("");
}

TEST(AppsParserTest, ReadsAList) {
  const auto apps = parse_apps(kList);
  ASSERT_TRUE(apps) << apps.error().message;
  ASSERT_EQ(apps->size(), 2U);
  const MarathonApp& web = apps->at("/shop/web");
  EXPECT_EQ(web.version, "2020-01-02T03:04:05.678Z");
  EXPECT_EQ(web.network, NetworkMode::kBridge);
  EXPECT_EQ(web.labels, (std::map<std::string, std::string>{{"subdomain", "web.example.com"}, {"NIXY_REALM", "int"}}));
  EXPECT_EQ(web.env, (std::map<std::string, std::string>{{"MODE", "green"}})) << "a secret's reference is no value";
  EXPECT_EQ(web.health_checks, 2U);
  EXPECT_EQ(web.health_path, "/healthz");
  ASSERT_EQ(web.ports.size(), 2U);
  EXPECT_EQ(web.ports[0], (MarathonPort{"http", "tcp", 10004, 80, true, {{"VIP_0", "/web:80"}}}));
  EXPECT_EQ(web.ports[1], (MarathonPort{"", "tcp", 10005, 9090, true, {}}));
  ASSERT_EQ(web.tasks.size(), 1U);
  EXPECT_EQ(web.tasks[0], (MarathonTask{"shop_web.instance-1._app.1",
                                        "n1.example.com",
                                        "TASK_RUNNING",
                                        "2020-01-02T03:04:05.678Z",
                                        true,
                                        {31005, 31006},
                                        {"172.17.0.4"},
                                        {HealthResult{true}, HealthResult{false}},
                                        std::nullopt}));
  const MarathonApp& empty = apps->at("/empty");
  EXPECT_TRUE(empty.tasks.empty());
}

TEST(AppsParserTest, ReadsAnEmptyCluster) {
  const auto apps = parse_apps(R"({"apps":[]})");
  ASSERT_TRUE(apps);
  EXPECT_TRUE(apps->empty());
}

TEST(AppsParserTest, ReadsOneApp) {
  const auto app = parse_app(R"({"app":{"tasks":[{"id":"t","ports":[1]}],"id":"/a"}})");
  ASSERT_TRUE(app) << app.error().message;
  EXPECT_EQ(app->id, "/a");
  EXPECT_EQ(app->tasks.at(0).ports, std::vector<std::uint16_t>{1});
}

// No rest of a truncated list is taken for a smaller cluster.
TEST(AppsParserTest, EveryTruncationIsAFailure) {
  for (std::size_t length = 0; length < kList.size(); ++length) {
    const auto apps = parse_apps(kList.substr(0, length));
    ASSERT_FALSE(apps) << "after " << length << " bytes";
    EXPECT_THAT(apps.error().message, HasSubstr("ends in the middle"));
  }
}

TEST(AppsParserTest, RefusesAnswersThatAreNoList) {
  for (const char* body : {"",
                           "null",
                           "true",
                           "7",
                           "7.5",
                           "\"apps\"",
                           "[]",
                           "{}",
                           R"({"message":"App does not exist"})",
                           R"({"apps":null})",
                           R"({"apps":{}})",
                           R"({"apps":"none"})",
                           R"({"apps":[null]})",
                           R"({"apps":[["/a"]]})",
                           R"({"apps":[]}garbage)",
                           R"({"apps":[],"apps":[]})",
                           R"({"app":{"id":"/a","tasks":[]}})",
                           "<html>502 Bad Gateway</html>",
                           R"({"apps":[{"tasks":[]}]})",
                           R"({"apps":[{"id":7,"tasks":[]}]})",
                           R"({"apps":[{"id":"","tasks":[]}]})",
                           R"({"apps":[{"id":null,"tasks":[]}]})",
                           "{\"apps\":[{\"id\":\"\xC3\x28\",\"tasks\":[]}]}"}) {
    EXPECT_FALSE(parse_apps(body)) << body;
  }
  for (const char* body : {"{}", R"({"apps":[]})", R"({"app":null})", R"({"app":{}})"}) {
    EXPECT_FALSE(parse_app(body)) << body;
  }
}

TEST(AppsParserTest, AbsentTasksAreNotZeroTasks) {
  EXPECT_EQ(failure_of(R"({"apps":[{"id":"/b"},{"id":"/a"}]})").message,
            "none of its 2 apps can be read, first /a: it has no \"tasks\": ask with ?embed=apps.tasks");
  EXPECT_EQ(unreadable_of(R"("cmd":"x")"), "it has no \"tasks\": ask with ?embed=apps.tasks");
  EXPECT_EQ(unreadable_of(R"("tasks":null)"), "tasks is null, expected an array");
}

TEST(AppsParserTest, AnAppThatCannotBeReadIsNamedWithItsKeyAndTheOthersAreRead) {
  EXPECT_EQ(unreadable_of(R"("tasks":[{"id":"t","ports":[1,"x"]}])"),
            "tasks[0].ports[1] is a string, expected an integer from 0 to 65535");
  EXPECT_EQ(unreadable_of(R"("tasks":[],"portDefinitions":[{"port":123450}])"),
            "portDefinitions[0].port is 123450, expected an integer from 0 to 65535");
  EXPECT_EQ(unreadable_of(R"("tasks":[null,{}])"), "tasks[0] is null, expected an object");
  EXPECT_EQ(unreadable_of(R"("tasks":[{"id":"a"},{"host":"h"}])"), "tasks[1] has no id");
  EXPECT_EQ(unreadable_of(R"("tasks":[{"id":"a","healthCheckResults":[{}]}])"),
            "tasks[0].healthCheckResults[0] does not say whether the task is alive");
  EXPECT_EQ(unreadable_of(R"("tasks":[{"id":"a","ports":[-1]}],"labels":[])"),
            "tasks[0].ports[0] is -1, expected an integer from 0 to 65535")
      << "the first thing is named";
}

TEST(AppsParserTest, TheIdMayComeAfterWhatCannotBeRead) {
  const auto apps = parse_apps(R"({"apps":[{"tasks":[{"ports":[1]}],"id":"/late"},{"id":"/ok","tasks":[]}]})");
  ASSERT_TRUE(apps) << apps.error().message;
  EXPECT_EQ(apps->at("/late").unreadable, "tasks[0] has no id");
  const auto one = parse_app(R"({"app":{"tasks":[{"ports":[1]}],"id":"/late"}})");
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->id, "/late");
  EXPECT_EQ(one->unreadable, "tasks[0] has no id");
}

TEST(AppsParserTest, AListOfWhichNoAppCanBeReadIsRefused) {
  EXPECT_EQ(failure_of(list_of(R"("tasks":[{}]},{"id":"/b","tasks":3)")).message,
            "none of its 2 apps can be read, first /a: tasks[0] has no id");
  EXPECT_THAT(failure_of(R"({"apps":[{"id":"/b","tasks":[]},{"tasks":[{}]}]})").message,
              HasSubstr("apps[1] cannot be told from others: tasks[0] has no id"));
}

TEST(AppsParserTest, WrongTypesSpoilTheAppWhereRoutingDependsOnThem) {
  for (const char* members :
       {R"("tasks":[{"id":"t","ports":[-1]}])", R"("tasks":[{"id":"t","ports":[65536]}])",
        R"("tasks":[{"id":"t","ports":[80.5]}])", R"("tasks":[{"id":"t","ports":[null]}])",
        R"("tasks":[{"id":"t","ports":80}])", R"("tasks":[{"id":"t","ports":{"0":80}}])",
        R"("tasks":[{"id":"t","ports":[true]}])", R"("tasks":[{"id":"t","ports":[[1]]}])",
        R"("tasks":[{"id":"t","host":["h"]}])", R"("tasks":[{"id":"t","state":1}])",
        R"("tasks":[{"id":"t","healthCheckResults":[{"alive":"yes"}]}])",
        R"("tasks":[{"id":"t","healthCheckResults":[{"alive":null}]}])", R"("tasks":[],"labels":["x"])",
        R"("tasks":[],"portDefinitions":[{"port":"80"}])", R"("tasks":[],"networks":{"mode":"host"})",
        R"("tasks":[],"healthChecks":{})", R"("tasks":{})", R"("tasks":[],"tasks":[])"}) {
    EXPECT_NE(unreadable_of(members), "") << members;
  }
  EXPECT_FALSE(parse_apps(list_of(R"("tasks":[],"id":"/b")"))) << "which app is it?";
}

TEST(AppsParserTest, WhatRoutingDoesNotNeedMayBeOfAnyType) {
  for (const char* members :
       {R"("tasks":[],"labels":{"x":true,"y":1,"z":{"a":[1]},"s":"kept"})", R"("tasks":[],"deployments":["d1"])",
        R"("tasks":[],"deployments":"d1")", R"("tasks":[],"deployments":[{"id":1},7,null])",
        R"("tasks":[],"portDefinitions":[{"port":80,"labels":{"VIP":false}}])"}) {
    EXPECT_EQ(unreadable_of(members), "") << members;
  }
  const auto apps = parse_apps(list_of(R"("tasks":[],"labels":{"x":true,"y":1.5,"z":{"a":[1]},"s":"kept"})"));
  ASSERT_TRUE(apps);
  EXPECT_EQ(apps->at("/a").labels, (std::map<std::string, std::string>{{"s", "kept"}}));
}

TEST(AppsParserTest, NullIsAbsentElsewhere) {
  const auto apps = parse_apps(list_of(
      R"("tasks":[{"id":"t","host":null,"startedAt":null,"ports":null,"ipAddresses":null,"healthCheckResults":[null]}],
         "labels":null,"env":{"A":null},"container":null,"ipAddress":null,"healthChecks":null,"deployments":null,
         "portDefinitions":null,"ports":null,"version":null)"));
  ASSERT_TRUE(apps) << apps.error().message;
  const MarathonApp& app = apps->at("/a");
  EXPECT_TRUE(app.labels.empty());
  EXPECT_TRUE(app.env.empty());
  EXPECT_FALSE(app.tasks.at(0).started);
  EXPECT_TRUE(app.tasks.at(0).health.empty());
}

TEST(AppsParserTest, AnAppListedTwiceCannotBeRead) {
  EXPECT_EQ(unreadable_of(R"("tasks":[{"id":"a"}]},{"id":"/a","tasks":[])"), "it is listed twice");
}

TEST(AppsParserTest, EnvTakesTextsOnly) {
  const auto apps =
      parse_apps(list_of(R"("tasks":[],"env":{"A":"x","B":{"secret":"s"},"C":7,"D":[1],"E":true,"F":1.5})"));
  ASSERT_TRUE(apps) << apps.error().message;
  EXPECT_EQ(apps->at("/a").env, (std::map<std::string, std::string>{{"A", "x"}}));
}

TEST(AppsParserTest, FailuresShowNoContent) {
  const std::string body = R"({"apps":[{"id":"/a","env":{"PASSWORD":"hunter2"},"tasks":[],)";
  EXPECT_THAT(failure_of(body + R"("x": hunter2}]})").message, Not(HasSubstr("hunter2")));
  EXPECT_THAT(failure_of(body + R"("y":"hunter2)"
                                "\x01"
                                R"("}]})")
                  .message,
              Not(HasSubstr("hunter2")));
}

TEST(AppsParserTest, IdsAndKeysCannotForgeLogLines) {
  EXPECT_THAT(failure_of("{\"apps\":[{\"id\":\"/a\\nE all\",\"x\":?").message, HasSubstr("app /a\\x0aE all: "));
  EXPECT_THAT(failure_of("{\"apps\":[{\"id\":\"/a\\nE all\",\"tasks\":[{}]}]}").message,
              HasSubstr("first /a\\x0aE all: tasks[0]"));
}

TEST(AppsParserTest, DepthIsLimited) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(unreadable_of("\"tasks\":[],\"x\":" + deep), "nested deeper than 200 levels");
  EXPECT_THAT(failure_of("{\"apps\":[],\"x\":" + deep + "}").message, HasSubstr("nested deeper"));
}

TEST(AppsParserTest, ReadinessResultsBelongToTheirTasks) {
  const MarathonApp a = app_of(
      R"("readinessCheckResults":[{"name":"r","taskId":"t1","ready":true},{"taskId":"t2","ready":true},
         {"taskId":"t2","ready":false},{"taskId":"t2","ready":true},{"taskId":"other","ready":true}],
         "tasks":[{"id":"t1"},{"id":"t2"},{"id":"t3"}],"deployments":[{"id":"d"}],
         "readinessChecks":[{"name":"r"},{"name":"s"}])");
  EXPECT_EQ(a.unreadable, std::nullopt);
  EXPECT_TRUE(a.deploying);
  EXPECT_EQ(a.readiness_checks, 2U);
  EXPECT_EQ(a.tasks.at(0).ready, true);
  EXPECT_EQ(a.tasks.at(1).ready, false) << "all of them count";
  EXPECT_EQ(a.tasks.at(2).ready, std::nullopt);
}

TEST(AppsParserTest, AnAppThatIsNotDeployedSaysSoOrNothing) {
  for (const char* said : {R"("deployments":[],)", "", R"("deployments":null,)", R"("deployments":{"a":1},)",
                           R"("deployments":"x",)", R"("deployments":1,)", R"("deployments":1.5,)",
                           R"("readinessChecks":true,)", R"("readinessCheckResults":{"a":[1]},)"}) {
    const MarathonApp a = app_of(std::string(said) + R"("tasks":[{"id":"t"}])");
    EXPECT_EQ(a.unreadable, std::nullopt) << said;
    EXPECT_FALSE(a.deploying) << said;
    EXPECT_EQ(a.readiness_checks, 0U) << said;
    EXPECT_EQ(a.tasks.size(), 1U) << said;
  }
  EXPECT_TRUE(app_of(R"("deployments":[1,[2]],"tasks":[])").deploying) << "whatever stands there";
}

}  // namespace
}  // namespace chorale::agent
