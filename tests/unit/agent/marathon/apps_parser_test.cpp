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

std::string list_of(const std::string& members) { return R"({"apps":[{"id":"/a",)" + members + "}]}"; }

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
  EXPECT_TRUE(web.deploying);
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
                                        {HealthResult{true}, HealthResult{false}}}));
  const MarathonApp& empty = apps->at("/empty");
  EXPECT_FALSE(empty.deploying);
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
  for (const char* body : {"{}", R"({"apps":[]})", R"({"app":null})", R"({"app":{}})", R"({"app":{"id":"/a"}})"}) {
    EXPECT_FALSE(parse_app(body)) << body;
  }
}

TEST(AppsParserTest, AbsentTasksAreNotZeroTasks) {
  EXPECT_THAT(failure_of(R"({"apps":[{"id":"/b","tasks":[]},{"id":"/a"}]})").message,
              HasSubstr("apps[1] has no \"tasks\""));
  EXPECT_THAT(failure_of(list_of(R"("tasks":null)")).message, HasSubstr("app /a: apps[0].tasks is null"));
}

TEST(AppsParserTest, NamesTheAppAndThePlace) {
  EXPECT_EQ(failure_of(list_of(R"("tasks":[{"id":"t","ports":[1,"x"]}])")).message,
            "app /a: apps[0].tasks[0].ports[1] is a string, expected an integer from 0 to 65535");
  EXPECT_EQ(failure_of(list_of(R"("tasks":[null,{}])")).message,
            "app /a: apps[0].tasks[0] is null, expected an object");
  EXPECT_EQ(failure_of(list_of(R"("tasks":[{"id":"a"},{"host":"h"}])")).message, "app /a: apps[0].tasks[1] has no id");
  EXPECT_EQ(failure_of(list_of(R"("tasks":[{"id":"a","healthCheckResults":[{}]}])")).message,
            "app /a: apps[0].tasks[0].healthCheckResults[0] does not say whether the task is alive");
}

TEST(AppsParserTest, RefusesWrongTypesWhereRoutingDependsOnThem) {
  for (const char* members :
       {R"("tasks":[{"id":"t","ports":[-1]}])", R"("tasks":[{"id":"t","ports":[65536]}])",
        R"("tasks":[{"id":"t","ports":[80.5]}])", R"("tasks":[{"id":"t","ports":[null]}])",
        R"("tasks":[{"id":"t","ports":80}])", R"("tasks":[{"id":"t","ports":{"0":80}}])",
        R"("tasks":[{"id":"t","host":["h"]}])", R"("tasks":[{"id":"t","state":1}])",
        R"("tasks":[{"id":"t","healthCheckResults":[{"alive":"yes"}]}])",
        R"("tasks":[{"id":"t","healthCheckResults":[{"alive":null}]}])", R"("tasks":[],"labels":["x"])",
        R"("tasks":[],"labels":{"x":1})", R"("tasks":[],"portDefinitions":[{"port":"80"}])",
        R"("tasks":[],"networks":{"mode":"host"})", R"("tasks":[],"healthChecks":{})", R"("tasks":{})",
        R"("tasks":[],"tasks":[])", R"("tasks":[],"id":"/b")"}) {
    EXPECT_FALSE(parse_apps(list_of(members))) << members;
  }
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

TEST(AppsParserTest, AnAppListedTwiceIsAFailure) {
  EXPECT_THAT(failure_of(R"({"apps":[{"id":"/a","tasks":[]},{"id":"/a","tasks":[]}]})").message,
              HasSubstr("app /a is listed twice"));
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

TEST(AppsParserTest, IdsCannotForgeLogLines) {
  EXPECT_THAT(failure_of("{\"apps\":[{\"id\":\"/a\\nE all\"}]}").message, HasSubstr("app /a\\x0aE all: "));
}

TEST(AppsParserTest, DepthIsLimited) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_THAT(failure_of(list_of("\"x\":" + deep)).message, HasSubstr("nested deeper"));
}

}  // namespace
}  // namespace chorale::agent
