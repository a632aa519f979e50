#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/marathon/apps_parser.h"

namespace chorale::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Of the shape of Marathon 1.9, with what routing does not read in between.
constexpr std::string_view kPods = R"([
  {"id":"/shop/cart","status":"DEGRADED","statusSince":"a","terminationHistory":[],
   "spec":{"id":"/shop/cart","version":"2020-01-02T03:04:05.678Z","user":"nobody",
     "labels":{"subdomain":"cart.example.com"},"environment":{"MODE":"green","KEY":{"secret":"pw"}},
     "scaling":{"kind":"fixed","instances":2},"networks":[{"mode":"host"}],"volumes":[],
     "containers":[
       {"name":"web","resources":{"cpus":0.1},"image":{"kind":"DOCKER","id":"web:1"},
        "endpoints":[{"name":"http","hostPort":0,"protocol":["tcp"],"labels":{"VIP_0":"/web:80"}},
                     {"name":"admin","hostPort":8081}],
        "healthCheck":{"http":{"endpoint":"http","path":"/healthz","scheme":"HTTP"},"intervalSeconds":10}},
       {"name":"sync","endpoints":[{"name":"dns","hostPort":0,"protocol":["udp","tcp"]}]}]},
   "instances":[
     {"id":"shop_cart.instance-1","status":"STABLE","statusSince":"b","agentHostname":"n1.example.com","agentId":"S1",
      "conditions":[],"networks":[{"addresses":["10.0.0.1"]}],"resources":{"cpus":0.2},
      "specReference":"/v2/pods/shop/cart::versions/2020-01-02T03:04:05.678Z",
      "containers":[
        {"name":"sync","status":"TASK_RUNNING","containerId":"x","endpoints":[{"name":"dns","allocatedHostPort":31007}]},
        {"name":"web","status":"TASK_RUNNING","conditions":[{"name":"healthy","value":"true","lastChanged":"c"}],
         "endpoints":[{"name":"admin","allocatedHostPort":31006},
                      {"name":"http","allocatedHostPort":31005,"healthy":true}]}]},
     {"id":"shop_cart.instance-2","status":"STAGING","agentHostname":"n2.example.com","networks":[],"containers":[]}]},
  {"id":"/idle","spec":{"containers":[{"name":"c"}],"networks":[]},"status":"STABLE","instances":[]}])";

// A pod /a of one container, "c", with one endpoint, "http", whose instance is `instance`.
std::string pod_json(const std::string& instance, const std::string& networks = R"([{"mode":"host"}])",
                     const std::string& endpoint = R"({"name":"http","hostPort":0})") {
  return R"({"instances":[)" + instance + R"(],"spec":{"networks":)" + networks +
         R"(,"containers":[{"name":"c","endpoints":[)" + endpoint + R"(]}]},"id":"/a"})";
}
MarathonApp pod_of(const std::string& body) {
  const auto pod = parse_pod(body);
  EXPECT_TRUE(pod) << body << pod.error().message;
  return pod ? *pod : MarathonApp{};
}
MarathonTask instance_of(const std::string& members) {
  const MarathonApp pod = pod_of(pod_json(R"({"id":"a.instance-1",)" + members + "}"));
  EXPECT_THAT(pod.tasks, SizeIs(1)) << members << pod.unreadable.value_or("");
  return pod.tasks.empty() ? MarathonTask{} : pod.tasks.front();
}
std::string container_json(const std::string& state, const std::string& endpoint = "",
                           const std::string& conditions = "") {
  return R"({"name":"c","status":")" + state + R"(","endpoints":[{"name":"http","allocatedHostPort":31001)" + endpoint +
         R"(}],"conditions":[)" + conditions + "]}";
}

TEST(PodsParserTest, ReadsAListAsAppsWhoseTasksAreInstances) {
  const auto pods = parse_pods(kPods);
  ASSERT_TRUE(pods) << pods.error().message;
  ASSERT_THAT(*pods, SizeIs(2));
  const MarathonApp& cart = pods->at("/shop/cart");
  EXPECT_TRUE(cart.pod);
  EXPECT_EQ(cart.unreadable, std::nullopt);
  EXPECT_EQ(cart.version, "2020-01-02T03:04:05.678Z");
  EXPECT_EQ(cart.network, NetworkMode::kHost);
  EXPECT_EQ(cart.labels, (std::map<std::string, std::string>{{"subdomain", "cart.example.com"}}));
  EXPECT_EQ(cart.env, (std::map<std::string, std::string>{{"MODE", "green"}}));
  EXPECT_EQ(cart.health_checks, 1U);
  EXPECT_EQ(cart.health_path, "/healthz");
  EXPECT_THAT(cart.ports, ElementsAre(MarathonPort{"http", "tcp", 0, 0, true, {{"VIP_0", "/web:80"}}},
                                      MarathonPort{"admin", "tcp", 0, 0, true, {}},
                                      MarathonPort{"dns", "udp,tcp", 0, 0, true, {}}));
  ASSERT_THAT(cart.tasks, SizeIs(2));
  EXPECT_EQ(cart.tasks[0], (MarathonTask{"shop_cart.instance-1",
                                         "n1.example.com",
                                         "TASK_RUNNING",
                                         "2020-01-02T03:04:05.678Z",
                                         true,
                                         {31005, 31006, 31007},
                                         {"10.0.0.1"},
                                         {HealthResult{true}},
                                         std::nullopt}));
  EXPECT_EQ(cart.tasks[1].state, "TASK_STAGING");
  EXPECT_EQ(cart.tasks[1].ports, (std::vector<std::uint16_t>{0, 0, 0})) << "no port yet is not another's";
  EXPECT_TRUE(pods->at("/idle").pod);
  EXPECT_THAT(pods->at("/idle").tasks, IsEmpty());
}

TEST(PodsParserTest, NoPodsAreAnAnswer) {
  const auto pods = parse_pods("[]");
  ASSERT_TRUE(pods);
  EXPECT_THAT(*pods, IsEmpty());
}

TEST(PodsParserTest, EveryTruncationIsAFailure) {
  for (std::size_t length = 0; length < kPods.size(); ++length) {
    const auto pods = parse_pods(kPods.substr(0, length));
    ASSERT_FALSE(pods) << length << kPods.substr(0, length);
    EXPECT_FALSE(pods.error().message.empty());
  }
  const std::string one = pod_json(R"({"id":"a.instance-1","status":"STABLE"})");
  for (std::size_t length = 0; length < one.size(); ++length) {
    ASSERT_FALSE(parse_pod(one.substr(0, length))) << one.substr(0, length);
  }
}

TEST(PodsParserTest, AnotherDocumentIsNoAnswer) {
  for (const char* body : {"", "{}", "null", "7", "1.5", "true", "\"pods\"", R"({"apps":[]})", "[1]", "[null]", "[[]]",
                           "[{}]", R"([{"spec":{}}])", R"([{"id":7}])", "<html></html>", "[]]", R"([{"id":null}])"}) {
    EXPECT_FALSE(parse_pods(body)) << body;
  }
  for (const char* body :
       {"", "[]", "{}", "null", "7", R"({"message":"pod does not exist"})", R"({"id":"/a","id":"/b"})"}) {
    EXPECT_FALSE(parse_pod(body)) << body;
  }
  EXPECT_EQ(parse_pods("{}").error().message, "the document is an object, expected an array");
  EXPECT_EQ(parse_pod("[]").error().message, "the document is an array, expected an object");
}

TEST(PodsParserTest, OnePodThatCannotBeReadIsNamedAndHarmsNobody) {
  const std::string good = pod_json(R"({"id":"a.instance-1","status":"STABLE"})");
  const std::pair<std::string, std::string> cases[] = {
      {R"({"id":"/b","spec":{"containers":[]}})", "it has no \"instances\""},
      {R"({"id":"/b","spec":{"containers":[]},"instances":null})", "instances is null, expected an array"},
      {R"({"id":"/b","instances":[],"spec":{}})", "its spec has no \"containers\""},
      {R"({"id":"/b","instances":[]})", "its spec has no \"containers\""},
      {R"({"id":"/b","spec":{"containers":{}},"instances":[]})", "spec.containers is an object, expected an array"},
      {R"({"id":"/b","spec":{"containers":[]},"instances":[{"status":"STABLE"}]})", "instances[0] has no id"},
      {R"({"id":"/b","spec":{"containers":[]},"instances":[{"id":"i","containers":[{"endpoints":[)"
       R"({"allocatedHostPort":65536}]}]}]})",
       "instances[0].containers[0].endpoints[0].allocatedHostPort is 65536, expected an integer from 0 to 65535"},
      {R"({"id":"/b","spec":{"containers":[]},"instances":[],"instances":[]})", "instances appears twice"},
      {pod_json("") + "," + pod_json(""), "it is listed twice"}};
  for (const auto& [bad, why] : cases) {
    const bool twice = why == "it is listed twice";
    const auto pods =
        parse_pods("[" + (twice ? R"({"id":"/c","spec":{"containers":[]},"instances":[]})" : good) + "," + bad + "]");
    ASSERT_TRUE(pods) << bad << pods.error().message;
    ASSERT_THAT(*pods, SizeIs(2)) << bad;
    const MarathonApp& named = pods->at(twice ? "/a" : "/b");
    EXPECT_EQ(named.unreadable, why);
    EXPECT_TRUE(named.pod) << bad;
    EXPECT_THAT(named.tasks, IsEmpty());
    EXPECT_EQ(pods->at(twice ? "/c" : "/a").unreadable, std::nullopt) << bad;
  }
  const auto none = parse_pods(R"([{"id":"/b","instances":[]}])");
  ASSERT_FALSE(none) << "not one bad pod, but another answer than we understand";
  EXPECT_THAT(none.error().message, HasSubstr("none of its 1 pods can be read, first /b: its spec has no"));
}

TEST(PodsParserTest, StatesFollowTheInstanceStatus) {
  const std::string running = R"(,"containers":[)" + container_json("TASK_RUNNING") + "]";
  const auto state = [](const std::string& status, const std::string& containers) {
    return instance_of(R"("status":")" + status + "\"" + containers).state;
  };
  EXPECT_EQ(state("STABLE", running), "TASK_RUNNING");
  EXPECT_EQ(state("PENDING", ""), "TASK_STAGING");
  EXPECT_EQ(state("STAGING", running), "TASK_STAGING");
  EXPECT_EQ(state("TERMINAL", running), "TASK_KILLED") << "its containers may still run";
  EXPECT_EQ(state("DEGRADED", running), "TASK_RUNNING") << "a container is not healthy";
  const std::string lost =
      R"(,"containers":[)" + container_json("TASK_UNREACHABLE") + "," + container_json("TASK_RUNNING") + "]";
  EXPECT_EQ(state("DEGRADED", lost), "TASK_UNREACHABLE");
  EXPECT_EQ(state("DEGRADED", R"(,"containers":[)" + container_json("TASK_LOST") + "]"), "TASK_LOST");
  EXPECT_EQ(state("DEGRADED", ""), "TASK_UNREACHABLE") << "nothing says that it runs";
  EXPECT_EQ(state("SOMETHING_NEW", ""), "TASK_UNREACHABLE");
  EXPECT_TRUE(instance_of(R"("status":"STABLE")").started);
  EXPECT_FALSE(instance_of(R"("status":"STAGING")").started);
}

TEST(PodsParserTest, HealthIsWhatEndpointsSayOrTheirContainersConditions) {
  const auto health = [](const std::string& endpoint, const std::string& conditions) {
    std::string text;
    const auto task = instance_of(R"("status":"DEGRADED","containers":[)" +
                                  container_json("TASK_RUNNING", endpoint, conditions) + "]");
    for (const HealthResult& result : task.health) text += result.alive ? "+" : "-";
    return text;
  };
  const std::string well = R"({"name":"healthy","value":"true","reason":"health-reported-by-mesos"})";
  const std::string ill = R"({"name":"healthy","value":"false","reason":"health-reported-by-mesos"})";
  EXPECT_EQ(health("", ""), "");
  EXPECT_EQ(health(R"(,"healthy":true)", well), "+");
  EXPECT_EQ(health(R"(,"healthy":false)", ill), "-");
  EXPECT_EQ(health("", well), "+") << "a check by command";
  EXPECT_EQ(health("", ill), "-");
  EXPECT_EQ(health("", R"({"name":"healthy","value":"false","reason":"health-unreported-by-mesos"})"), "");
  EXPECT_EQ(health("", R"({"name":"tired","value":"false"})"), "");
  EXPECT_EQ(health("", R"({"name":"tired","value":"false"},)" + well), "+");
  const std::string unreported = R"({"name":"tired","value":"true","reason":"health-unreported-by-mesos"})";
  EXPECT_EQ(health("", unreported + R"(,{"name":"healthy","value":"true"})"), "+") << "each has its own reason";
  EXPECT_EQ(health("", R"({"name":"healthy","value":"unknown"})"), "-") << "healthy is what is said to be";
}

TEST(PodsParserTest, ContainerNetworksHaveTheInstancesOwnAddress) {
  const std::string instance =
      R"({"id":"a.instance-1","status":"STABLE","networks":[{"name":"back","addresses":["10.2.0.1"]},)"
      R"({"name":"front","addresses":["10.1.0.1","10.1.0.2"]}],"containers":[)" +
      container_json("TASK_RUNNING") + "]}";
  const std::string networks = R"([{"mode":"container","name":"front"},{"mode":"container","name":"back"}])";
  const MarathonApp own = pod_of(pod_json(instance, networks, R"({"name":"http","containerPort":8080})"));
  EXPECT_EQ(own.network, NetworkMode::kContainer);
  EXPECT_THAT(own.ports, ElementsAre(MarathonPort{"http", "tcp", 0, 8080, false, {}}));
  EXPECT_THAT(own.tasks[0].ports, IsEmpty());
  EXPECT_THAT(own.tasks[0].ip_addresses, ElementsAre("10.1.0.1", "10.1.0.2")) << "of the first network of the spec";
  const MarathonApp both =
      pod_of(pod_json(instance, networks, R"({"name":"own","containerPort":1},{"name":"http","hostPort":0})"));
  EXPECT_THAT(both.tasks[0].ports, ElementsAre(31001)) << "of endpoints with a host port alone";
  EXPECT_FALSE(both.ports[0].has_host_port);
  EXPECT_TRUE(both.ports[1].has_host_port);
  const MarathonApp bridge = pod_of(
      pod_json(instance, R"([{"mode":"container/bridge"}])", R"({"name":"http","containerPort":8080,"protocol":[]})"));
  EXPECT_EQ(bridge.network, NetworkMode::kBridge);
  EXPECT_THAT(bridge.ports, ElementsAre(MarathonPort{"http", "tcp", 0, 8080, true, {}}));
  EXPECT_THAT(bridge.tasks[0].ports, ElementsAre(31001));
  EXPECT_THAT(bridge.tasks[0].ip_addresses, ElementsAre("10.2.0.1")) << "the first, where no name says which";
}

TEST(PodsParserTest, ThePathIsThatOfTheFirstCheckAndAnAddressIsNoEmptyText) {
  const MarathonApp pod = pod_of(
      R"({"id":"/a","spec":{"networks":[{"mode":"container","name":"n"}],"containers":[)"
      R"({"name":"x","healthCheck":{"http":{"path":"/first"}}},{"name":"y","healthCheck":{"http":{"path":"/second"}}}]},)"
      R"("instances":[{"id":"i","status":"STABLE","networks":[{"name":"n","addresses":["","9.0.0.1"]}]}]})");
  EXPECT_EQ(pod.health_path, "/first");
  EXPECT_EQ(pod.health_checks, 2U);
  EXPECT_THAT(pod.tasks.at(0).ip_addresses, ElementsAre("9.0.0.1"));
}

// Two containers may each have an endpoint of one name where Marathon forgets to refuse it.
TEST(PodsParserTest, AnEndpointIsLookedUpInItsOwnContainer) {
  const MarathonApp pod =
      pod_of(R"({"id":"/a","spec":{"containers":[{"name":"x","endpoints":[{"name":"http"}]},)"
             R"({"endpoints":[{"name":"http"}],"name":"y"}]},"instances":[{"id":"i","status":"STABLE","containers":[)"
             R"({"name":"y","endpoints":[{"name":"http","allocatedHostPort":2}]},)"
             R"({"name":"x","endpoints":[{"name":"http","allocatedHostPort":1}]}]}]})");
  EXPECT_THAT(pod.tasks.at(0).ports, ElementsAre(1, 2));
}

}  // namespace
}  // namespace chorale::agent
