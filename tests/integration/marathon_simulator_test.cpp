// The Marathon simulator as its clients see it: bytes on real sockets, held against Marathon's documented behaviour.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/harness/netns.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"
#include "tests/integration/marathon_simulator_fixture.h"
#include "tests/marathon_simulator/network_scope.h"

namespace chorale::testing {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// It used to start with the tasks that it could: of 50,000 some 30,000 were missing, and no descriptor was left for a
// client's connection.
TEST_F(SimulatorTest, DoesNotStartWithFewerTasksThanItWasAskedFor) {
  MarathonSimulator simulator(
      {{"--apps", "1", "--backends", "--hosts", "192.0.2.1"}});  // not an address of this machine
  EXPECT_FALSE(simulator.start());
  EXPECT_THAT(simulator.log(), HasSubstr("task 1 of /app-00001 cannot be started on 192.0.2.1"));
}

TEST_F(SimulatorTest, IdleAppsNeedNoSocket) {
  MarathonSimulator simulator({{"--apps", "2", "--tasks", "3", "--backends", "--idle-apps", "--hosts", "192.0.2.1"}});
  ASSERT_TRUE(simulator.start());
  EXPECT_THAT(simulator.tasks("/app-00002"), SizeIs(3));
}

TEST_F(SimulatorTest, FramesTheStreamAsJettyDoes) {
  start({});
  Wire stream(simulator_->port(), get("/v2/events", kStream));
  const auto head = stream.until("\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream;charset=utf-8\r\n"));
  EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Marathon-Leader: " + simulator_->url() + "\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(head, Not(HasSubstr("Transfer-Encoding")));
  EXPECT_EQ(stream.until("\r\n"), "event: event_stream_attached\r\n");
  EXPECT_THAT(stream.until("\r\n"), StartsWith("data: {"));
  EXPECT_EQ(stream.until("\r\n"), "\r\n");
}

TEST_F(SimulatorTest, OldReleasesDoNotNameEvents) {
  start({"--version", "0.10.1"});
  Wire stream(simulator_->port(), get("/v2/events", kStream));
  stream.until("\r\n\r\n");
  EXPECT_THAT(stream.until("\r\n"), StartsWith("data: {\"eventType\":\"event_stream_attached\""));
}

TEST_F(SimulatorTest, HeartbeatIsCarriageReturnThenLineFeedInSegmentsOfTheirOwn) {
  start({"--heartbeat", "50ms"});
  Wire stream(simulator_->port(), get("/v2/events?event_type=none", kStream));
  stream.until("\r\n\r\n");
  for (int beat = 0; beat < 3; ++beat) EXPECT_EQ(stream.until("\r\n"), "\r\n");
  EXPECT_GE(stream.segments_received(), 1U + 6U);  // the head, and one for each of the six bytes
}

TEST_F(SimulatorTest, StreamDemandsExactlyItsOwnMediaType) {
  start({});
  for (const char* accept :
       {"", "Accept: */*\r\n", "Accept: text/event-stream, */*\r\n", "Accept: text/event-stream;q=1\r\n"}) {
    const auto reply = answer(get_closing("/v2/events", accept));
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 405 ")) << accept;
    EXPECT_THAT(reply, HasSubstr("text/html")) << accept;
  }
}

TEST_F(SimulatorTest, CreationIsToldInMarathonsOrder) {
  start({});
  Wire stream(simulator_->port(), get("/v2/events", kStream));
  stream.until("\r\n\r\n");
  events_until(stream, "event_stream_attached");
  ASSERT_TRUE(simulator_->create("/shop/web", 1, {{"healthChecks", 1}}));
  EXPECT_THAT(events_until(stream, "deployment_success"),
              ElementsAre("deployment_info", "api_post_event", "group_change_success", "add_health_check_event",
                          "deployment_step_success", "deployment_info", "instance_changed_event Scheduled",
                          "instance_changed_event Provisioned", "status_update_event TASK_STAGING",
                          "instance_changed_event Staging", "status_update_event TASK_STARTING",
                          "instance_changed_event Starting", "status_update_event TASK_RUNNING",
                          "instance_changed_event Running", "health_status_changed_event true",
                          "instance_health_changed_event true", "deployment_step_success", "deployment_success"));
}

TEST_F(SimulatorTest, DestructionRemovesTheAppFirstAndItsTasksLater) {
  start({"--drain", "0s"});
  ASSERT_TRUE(simulator_->create("/web", 1, {{"healthChecks", 1}}));
  ASSERT_TRUE(simulator_->settled(kLimit));
  Wire stream(simulator_->port(), get("/v2/events", kStream));
  stream.until("\r\n\r\n");
  events_until(stream, "event_stream_attached");
  ASSERT_TRUE(simulator_->destroy("/web"));
  EXPECT_EQ(list(""), json::parse(R"({"apps":[]})"));
  EXPECT_THAT(
      events_until(stream, "deployment_success"),
      ElementsAre("deployment_info", "group_change_success", "remove_health_check_event",
                  "instance_changed_event Running", "status_update_event TASK_KILLED", "instance_changed_event Killed",
                  "app_terminated_event", "deployment_step_success", "deployment_success"));
}

TEST_F(SimulatorTest, KillingIsShownOnlyWhereItIsEnabled) {
  start({"--task-killing", "--drain", "0s"});
  ASSERT_TRUE(simulator_->create("/web", 2));
  ASSERT_TRUE(simulator_->settled(kLimit));
  Wire stream(simulator_->port(),
              get("/v2/events?event_type=status_update_event&event_type=deployment_success", kStream));
  stream.until("\r\n\r\n");
  ASSERT_TRUE(wait_until([&] { return simulator_->stats()["streams_open"] == 1; }, kLimit));
  ASSERT_TRUE(simulator_->scale("/web", 1));
  EXPECT_THAT(events_until(stream, "deployment_success"),
              ElementsAre("status_update_event TASK_KILLING", "status_update_event TASK_KILLED", "deployment_success"));
}

TEST_F(SimulatorTest, RestartReplacesEveryTaskAndKeepsTheCapacity) {
  start({"--drain", "0s"});
  ASSERT_TRUE(simulator_->create("/web", 3));
  ASSERT_TRUE(simulator_->settled(kLimit));
  std::vector<std::string> old;
  for (const auto& task : simulator_->tasks("/web")) old.push_back(task.id);
  ASSERT_TRUE(simulator_->restart("/web"));
  std::size_t least = 3;
  ASSERT_TRUE(wait_until(
      [&] {
        const auto tasks = simulator_->tasks("/web");
        least = std::min(least, static_cast<std::size_t>(std::count_if(tasks.begin(), tasks.end(), [](const auto& t) {
                           return t.state == "TASK_RUNNING";
                         })));
        return simulator_->settled(milliseconds(0));
      },
      kLimit));
  EXPECT_EQ(least, 3U);
  for (const auto& task : simulator_->tasks("/web")) EXPECT_EQ(std::count(old.begin(), old.end(), task.id), 0);
}

TEST_F(SimulatorTest, TasksAreListedOnlyWhenAskedFor) {
  start({"--apps", "2", "--tasks", "3"});
  EXPECT_FALSE(list("")["apps"][0].contains("tasks"));
  EXPECT_FALSE(list("?embed=apps.counts")["apps"][0].contains("tasks"));
  const auto apps = list("?embed=apps.tasks")["apps"];
  ASSERT_EQ(apps.size(), 2U);
  ASSERT_EQ(apps[0]["tasks"].size(), 3U);
  EXPECT_EQ(apps[0]["tasks"][0]["state"], "TASK_RUNNING");
  EXPECT_EQ(apps[0]["tasks"][0]["healthCheckResults"][0]["alive"], true);
  EXPECT_EQ(json::parse(body_of(answer(get_closing("/v2/apps//app-00001"))))["app"]["tasks"].size(), 3U);
}

TEST_F(SimulatorTest, LargeAnswersAreChunkedAndGzippedOnRequest) {
  start({"--apps", "100"});
  EXPECT_THAT(answer(get_closing("/v2/apps")), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(answer(get_closing("/v2/apps?id=app-00001")), HasSubstr("Content-Length: "));
  const auto packed = answer(get_closing("/v2/apps?id=app-00001", "Accept-Encoding: gzip\r\n"));
  EXPECT_THAT(packed, HasSubstr("Content-Encoding: gzip\r\n"));
  TempDir directory("gzip");
  std::ofstream(directory.path() / "body.gz", std::ios::binary) << body_of(packed);
  const auto command =
      "gzip -dc " + (directory.path() / "body.gz").string() + " > " + (directory.path() / "body").string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ifstream plain(directory.path() / "body");
  EXPECT_EQ(json::parse(plain, nullptr, false)["apps"][0]["id"], "/app-00001");
}

TEST_F(SimulatorTest, BasicAuthenticationCoversPingAndStream) {
  TempDir directory("password");
  std::ofstream(directory.path() / "password") << "secret\n";
  start({"--user", "me", "--password-file", (directory.path() / "password").string()});
  for (const char* target : {"/ping", "/v2/apps", "/v2/events"}) {
    EXPECT_THAT(answer(get_closing(target, kStream)), StartsWith("HTTP/1.1 401 ")) << target;
    EXPECT_THAT(answer(get_closing(target, kStream)), HasSubstr("WWW-Authenticate: Basic realm=\"Mesosphere\""))
        << target;
  }
  EXPECT_THAT(answer(get_closing("/ping", "Authorization: Basic bWU6c2VjcmV0\r\n")), HasSubstr("\r\n\r\npong"));
  EXPECT_THAT(answer(get_closing("/ping", "Authorization: Basic bWU6d3Jvbmc=\r\n")), StartsWith("HTTP/1.1 401 "));
}

TEST_F(SimulatorTest, StandbyRedirectsStreamsAndForwardsTheRest) {
  start({"--apps", "1"});
  MarathonSimulator standby({{"--leader", simulator_->url()}});
  ASSERT_TRUE(standby.start());
  const auto redirect = Wire(standby.port(), get_closing("/v2/events?event_type=x", kStream)).to_end();
  EXPECT_THAT(redirect, StartsWith("HTTP/1.1 302 "));
  EXPECT_THAT(redirect, HasSubstr("Location: " + simulator_->url() + "/v2/events?event_type=x\r\n"));
  const auto apps = Wire(standby.port(), get_closing("/v2/apps")).to_end();
  EXPECT_THAT(apps, HasSubstr("/app-00001"));
  EXPECT_THAT(apps, HasSubstr("X-Marathon-Via: 1.1 127.0.0.1:" + std::to_string(standby.port())));
  EXPECT_THAT(apps, HasSubstr("X-Marathon-Leader: " + simulator_->url()));
  simulator_->kill();
  EXPECT_THAT(Wire(standby.port(), get_closing("/ping")).to_end(), StartsWith("HTTP/1.1 502 "));
}

TEST_F(SimulatorTest, OldStandbyProxiesTheStream) {
  start({"--version", "1.4.13"});
  MarathonSimulator standby({{"--version", "1.4.13", "--leader", simulator_->url()}});
  ASSERT_TRUE(standby.start());
  Wire stream(standby.port(), get("/v2/events", kStream));
  EXPECT_THAT(stream.until("\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(stream.until("\r\n"), "event: event_stream_attached\r\n");
}

TEST_F(SimulatorTest, OldReleasesHaveTheirOwnShapes) {
  start({"--version", "1.4.13"});
  ASSERT_TRUE(simulator_->create("/host", 1));
  const json bridge{{"docker", {{"network", "BRIDGE"}, {"portMappings", {{{"containerPort", 80}}}}}}};
  ASSERT_TRUE(simulator_->create("/bridge", 1, {{"container", bridge}}));
  ASSERT_TRUE(simulator_->settled(kLimit));
  const auto apps = list("?embed=apps.tasks")["apps"];
  ASSERT_EQ(apps.size(), 2U);
  EXPECT_EQ(apps[0]["container"]["docker"]["network"], "BRIDGE");
  EXPECT_EQ(apps[0]["container"]["docker"]["portMappings"][0]["hostPort"], 0);
  EXPECT_TRUE(apps[0]["cmd"].is_null());
  EXPECT_FALSE(apps[1].contains("networks"));
  EXPECT_EQ(apps[1]["ports"].size(), 1U);
  EXPECT_THAT(apps[1]["tasks"][0]["id"].get<std::string>(), StartsWith("host."));
  EXPECT_FALSE(apps[1]["tasks"][0].contains("healthCheckResults"));
}

TEST_F(SimulatorTest, ContainersWithAnAddressOfTheirOwnAreServedThere) {
  start({"--backends"});
  const json container{{"portMappings", {{{"containerPort", 8080}}, {{"containerPort", 9090}, {"hostPort", 0}}}}};
  ASSERT_TRUE(simulator_->create(
      "/web", 1, {{"networks", {{{"mode", "container"}, {"name", "dcos"}}}}, {"container", container}}));
  ASSERT_TRUE(simulator_->settled(kLimit));
  const auto task = list("?embed=apps.tasks")["apps"][0]["tasks"][0];
  EXPECT_THAT(task["ipAddresses"][0]["ipAddress"].get<std::string>(), StartsWith("127.9."));
  ASSERT_EQ(task["ports"].size(), 1U);  // only the mapping with a host port
  EXPECT_THAT(Wire(task["ports"][0].get<std::uint16_t>(), get_closing("/")).to_end(), HasSubstr("app=/web"));
}

// A thread in a network of its own.
class OtherNetwork {
 public:
  OtherNetwork() : thread_([this] { run(); }) {}
  ~OtherNetwork() {
    done_.set_value();
    thread_.join();
  }
  OtherNetwork(const OtherNetwork&) = delete;
  OtherNetwork& operator=(const OtherNetwork&) = delete;

  // The file that stands for it; empty where networks cannot be made.
  [[nodiscard]] std::string file() const { return file_.get(); }
  // What the work returns there.
  static std::string within(const std::string& file, const std::function<std::string()>& work) {
    return std::async(std::launch::async,
                      [&] {
                        const marathon_simulator::NetworkScope scope(file);
                        return scope.problem().empty() ? work() : scope.problem();
                      })
        .get();
  }

 private:
  void run() {
    const std::string file = "/proc/" + std::to_string(::getpid()) + "/task/" + std::to_string(::gettid()) + "/ns/net";
    ready_.set_value(enter_private_network() ? file : "");
    done_.get_future().wait();
  }

  std::promise<std::string> ready_;
  std::shared_future<std::string> file_{ready_.get_future()};
  std::promise<void> done_;
  std::thread thread_;
};

TEST_F(SimulatorTest, BackendsListenInTheNetworkOfTheirHost) {
  const OtherNetwork network;
  if (network.file().empty()) GTEST_SKIP() << "only root can make a network";
  start({"--backends", "--hosts", "slave-1=127.0.0.1@" + network.file() + ",slave-2=127.0.0.1"});
  ASSERT_TRUE(simulator_->create("/web", 2));
  ASSERT_TRUE(simulator_->settled(kLimit));
  const auto tasks = simulator_->tasks("/web");
  ASSERT_THAT(tasks, SizeIs(2));
  for (const auto& task : tasks) {
    const auto answer = [&] { return ask(task.ports.at(0), get_closing("/"), kLimit); };
    const std::string there = OtherNetwork::within(network.file(), answer);
    const std::string here = answer();
    EXPECT_THAT(task.host == "slave-1" ? there : here, HasSubstr("task=" + task.id));
    EXPECT_THAT(task.host == "slave-1" ? here : there, Not(HasSubstr("task=" + task.id)));
  }
  EXPECT_FALSE(simulator_->stats().is_null());
}

TEST_F(SimulatorTest, DoesNotStartWhereAHostsNetworkIsMissing) {
  MarathonSimulator simulator({{"--apps", "1", "--backends", "--hosts", "slave-1=127.0.0.1@/no/such/network"}});
  EXPECT_FALSE(simulator.start());
  EXPECT_THAT(simulator.log(), HasSubstr("network /no/such/network: No such file or directory"));
  EXPECT_THAT(simulator.log(), HasSubstr("task 1 of /app-00001 cannot be started"));
}

TEST_F(SimulatorTest, OldReleasesPostEventsToSubscribers) {
  start({"--version", "1.4.13"});
  const auto listener = listen_on_any_port();
  const auto url = "http%3A%2F%2F127.0.0.1%3A" + std::to_string(port_of(listener)) + "%2Fv1%2Fevents";
  const auto subscribed = answer("POST /v2/eventSubscriptions?callbackUrl=" + url +
                                 " HTTP/1.1\r\nHost: m\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(subscribed, HasSubstr("\"eventType\":\"subscribe_event\""));
  Wire call(Socket(::accept(listener.descriptor(), nullptr, nullptr)));
  EXPECT_THAT(call.until("\r\n"), StartsWith("POST /v1/events HTTP/1.1"));
  EXPECT_THAT(call.until("subscribe_event"), HasSubstr("Accept: application/json"));
}

TEST_F(SimulatorTest, EventsArePostedByWayOfAProxyThatResolvesNames) {
  start({"--version", "1.4.13"});
  const std::string subscribe =
      "POST /v2/eventSubscriptions?callbackUrl=http%3A%2F%2Fproxy-1%3A7000%2Fv1%2Fevents"
      " HTTP/1.1\r\nHost: m\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  EXPECT_THAT(answer(subscribe), StartsWith("HTTP/1.1 422 "));
  const auto first = listen_on_any_port();
  const auto second = listen_on_any_port();
  const auto proxy = [](const auto& listener) { return "http://127.0.0.1:" + std::to_string(port_of(listener)); };
  EXPECT_TRUE(simulator_->control("callbacks", {{"proxy", "http://proxy-2"}}).is_null());
  ASSERT_FALSE(simulator_->control("callbacks", {{"proxy", proxy(first)}}).is_null());
  EXPECT_THAT(answer(subscribe), HasSubstr("\"eventType\":\"subscribe_event\""));
  const auto expect_called = [](const auto& listener, const std::string& event) {
    Wire call(Socket(::accept(listener.descriptor(), nullptr, nullptr)));
    EXPECT_THAT(call.until("\r\n"), StartsWith("POST http://proxy-1:7000/v1/events HTTP/1.1"));
    EXPECT_THAT(call.until(event), HasSubstr("Host: proxy-1:7000"));
  };  // and is not answered: Marathon skips it
  expect_called(first, "subscribe_event");
  ASSERT_FALSE(simulator_->control("callbacks", {{"proxy", proxy(second)}}).is_null());
  ASSERT_FALSE(simulator_->control("event", {{"type", "odd_event"}}).is_null());
  expect_called(second, "odd_event");
  ASSERT_FALSE(simulator_->control("callbacks").is_null());
  ASSERT_FALSE(simulator_->control("event", {{"type", "odd_event"}}).is_null());
  EXPECT_THAT(answer("GET /v2/eventSubscriptions HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n"),
              HasSubstr("http://proxy-1:7000/v1/events"));
}

TEST_F(SimulatorTest, ErrorsHaveMarathonsShapes) {
  start({});
  const auto missing = answer(get_closing("/v2/apps/none"));
  EXPECT_THAT(missing, StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(missing, HasSubstr("{\"message\":\"App '/none' does not exist\"}"));
  EXPECT_THAT(answer(get_closing("/v2/nothing")), StartsWith("HTTP/1.1 500 "));
  const auto post = [&](const std::string& body) {
    return answer("POST /v2/apps HTTP/1.1\r\nHost: m\r\nConnection: close\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  EXPECT_THAT(post(R"({"id":)"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(post(R"({"id":"/Web"})"), StartsWith("HTTP/1.1 422 "));
  EXPECT_THAT(post(R"({"id":"/web","labels":{"a":1}})"), StartsWith("HTTP/1.1 422 "));
  EXPECT_THAT(post(R"({"id":"/web","healthChecks":3})"), StartsWith("HTTP/1.1 422 "));
  EXPECT_THAT(post(R"({"id":"/odd","healthChecks":[{"protocol":[]}],"labels":{"a":"b"},"networks":[{"mode":3}]})"),
              StartsWith("HTTP/1.1 "));
  EXPECT_THAT(post(R"({"id":"/web"})"), StartsWith("HTTP/1.1 201 "));
  EXPECT_THAT(post(R"({"id":"/web"})"), StartsWith("HTTP/1.1 409 "));
}

}  // namespace
}  // namespace chorale::testing
