// What the Marathon simulator does to its clients on order: faults, kills, closed listeners, and what it counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/harness/wait_until.h"
#include "tests/integration/marathon_simulator_fixture.h"

namespace chorale::testing {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(SimulatorTest, BackendServesUntilItsGraceEndsAndOnlyThenTheTaskIsKilled) {
  start({"--backends", "--drain", "300ms"});
  ASSERT_TRUE(simulator_->create("/web", 1));
  ASSERT_TRUE(simulator_->settled(kLimit));
  const auto task = simulator_->tasks("/web").at(0);
  const auto hello = Wire(task.ports.at(0), get_closing("/x?y")).to_end();
  EXPECT_THAT(hello, HasSubstr("app=/web task=" + task.id + " port=" + std::to_string(task.ports[0]) + " path=/x?y\n"));
  EXPECT_THAT(hello, HasSubstr("X-Task: " + task.id));
  ASSERT_TRUE(simulator_->scale("/web", 0));
  EXPECT_THAT(Wire(task.ports[0], get_closing("/")).to_end(), HasSubstr("app=/web"));
  EXPECT_EQ(simulator_->tasks("/web").at(0).state, "TASK_RUNNING");
  ASSERT_TRUE(simulator_->settled(kLimit));
  EXPECT_FALSE(connect_to(task.ports[0], milliseconds(200)));
}

TEST_F(SimulatorTest, AbruptKillClosesTheBackendAndStartsAReplacement) {
  start({"--backends"});
  ASSERT_TRUE(simulator_->create("/web", 1));
  ASSERT_TRUE(simulator_->settled(kLimit));
  const auto task = simulator_->tasks("/web").at(0);
  ASSERT_TRUE(simulator_->kill_task("/web", 0, true));
  EXPECT_FALSE(connect_to(task.ports.at(0), milliseconds(200)));
  ASSERT_TRUE(wait_until(
      [&] {
        const auto tasks = simulator_->tasks("/web");
        return tasks.size() == 1 && tasks[0].id != task.id && tasks[0].state == "TASK_RUNNING";
      },
      kLimit));
}

TEST_F(SimulatorTest, HealthFlipsAreToldOnceAndResultsCanVanish) {
  start({"--apps", "1"});
  Wire stream(simulator_->port(), get("/v2/events", kStream));
  stream.until("\r\n\r\n");
  events_until(stream, "event_stream_attached");
  ASSERT_TRUE(simulator_->set_health("/app-00001", false));
  ASSERT_TRUE(simulator_->set_health("/app-00001", false));
  ASSERT_TRUE(simulator_->set_health("/app-00001", true));
  ASSERT_FALSE(simulator_->control("lose_health_results").is_null());
  EXPECT_THAT(events_until(stream, "none: up to the end of the stream"),
              ElementsAre("failed_health_check_event", "health_status_changed_event false",
                          "instance_health_changed_event false", "failed_health_check_event",
                          "health_status_changed_event true", "instance_health_changed_event true"));
  EXPECT_EQ(list("?embed=apps.tasks")["apps"][0]["tasks"][0]["healthCheckResults"], json::array());
}

TEST_F(SimulatorTest, FaultsStrikeTheirKindAsOftenAsAskedFor) {
  start({"--apps", "4"});
  ASSERT_FALSE(
      simulator_->control("fault", {{"kind", "apps"}, {"mode", "status"}, {"status", 503}, {"count", 2}}).is_null());
  EXPECT_THAT(answer(get_closing("/ping")), HasSubstr("pong"));
  EXPECT_THAT(answer(get_closing("/v2/apps")), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer(get_closing("/v2/apps")), HasSubstr("text/html"));
  EXPECT_THAT(answer(get_closing("/v2/apps")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(SimulatorTest, FaultsCanAlterTheBody) {
  start({"--apps", "4"});
  const auto body_under = [&](const std::string& mode) {
    EXPECT_TRUE(simulator_->clear_faults());
    EXPECT_TRUE(simulator_->fault("apps", mode)) << mode;
    return body_of(answer(get_closing("/v2/apps?embed=apps.tasks")));
  };
  EXPECT_TRUE(json::parse(body_under("malformed"), nullptr, false).is_discarded());
  EXPECT_TRUE(json::parse(body_under("truncated"), nullptr, false).is_discarded());
  EXPECT_EQ(body_under("empty_body"), "");
  EXPECT_EQ(body_under("no_apps"), R"({"apps":[]})");
  EXPECT_EQ(body_under("empty_object"), "{}");
  EXPECT_EQ(json::parse(body_under("wrong_types"))["apps"][0]["id"], 42);
  EXPECT_EQ(json::parse(body_under("partial"))["apps"].size(), 2U);
  EXPECT_EQ(json::parse(body_under("no_tasks"))["apps"][0]["tasks"], json::array());
}

TEST_F(SimulatorTest, FaultsCanStrikeBelowHttp) {
  start({});
  ASSERT_TRUE(simulator_->fault("ping", "reset"));
  Wire reset(simulator_->port(), get("/ping"));
  EXPECT_EQ(reset.to_end(), "");
  EXPECT_TRUE(reset.was_reset());
  ASSERT_TRUE(simulator_->clear_faults());
  ASSERT_TRUE(simulator_->fault("ping", "stalled"));
  EXPECT_TRUE(Wire(simulator_->port(), get("/ping")).quiet_for(milliseconds(100)));
  ASSERT_TRUE(simulator_->clear_faults());
  ASSERT_FALSE(
      simulator_->control("fault", {{"kind", "ping"}, {"mode", "slow"}, {"bytes_per_second", 2000}}).is_null());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(answer(get("/ping")), HasSubstr("pong"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(80));  // some 200 bytes at 2000 a second
}

TEST_F(SimulatorTest, StoppedListenerRefusesAndComesBackOnTheSamePort) {
  start({});
  Wire stream(simulator_->port(), get("/v2/events", kStream));
  stream.until("event_stream_attached");
  ASSERT_TRUE(simulator_->stop_accepting());
  EXPECT_FALSE(connect_to(simulator_->port(), milliseconds(200)));
  stream.to_end();
  EXPECT_TRUE(stream.was_reset());
  ASSERT_TRUE(simulator_->start_accepting());
  EXPECT_THAT(answer(get_closing("/ping")), HasSubstr("pong"));
}

TEST_F(SimulatorTest, SlowConsumerIsClosedByNewReleasesOnly) {
  for (const char* version : {"1.9.136", "1.7.236"}) {
    start({"--version", version});
    Wire stream(simulator_->port(), get("/v2/events", kStream));
    stream.until("event_stream_attached");
    const json storm{
        {"type", "framework_message_event"}, {"count", 5000}, {"data", {{"message", std::string(4000, 'x')}}}};
    ASSERT_FALSE(simulator_->control("event", storm).is_null());
    const bool closes = std::string(version) == "1.9.136";
    EXPECT_EQ(simulator_->stats()["streams_closed_slow"], closes ? 1 : 0) << version;
    EXPECT_EQ(simulator_->stats()["streams_open"], closes ? 0 : 1) << version;
  }
}

TEST_F(SimulatorTest, StatisticsCountRequestsAndTimeChanges) {
  start({"--apps", "1"});
  EXPECT_THAT(answer(get_closing("/v2/apps")), HasSubstr("/app-00001"));
  EXPECT_THAT(answer(get_closing("/v2/apps/app-00001")), HasSubstr("/app-00001"));
  EXPECT_EQ(simulator_->requests("apps"), 1);
  EXPECT_EQ(simulator_->requests("app"), 1);
  ASSERT_TRUE(simulator_->reset_stats());
  EXPECT_EQ(simulator_->requests("apps"), 0);
  const auto killed = simulator_->control("kill", {{"app", "/app-00001"}, {"index", 0}, {"abrupt", true}});
  const auto changes = simulator_->stats(killed["change"].get<std::uint64_t>() - 2)["changes"];
  ASSERT_FALSE(changes.empty());
  EXPECT_EQ(changes[0]["task"], killed["tasks"][0]);
  EXPECT_LE(changes[0]["monotonic_ns"], killed["monotonic_ns"]);
}

}  // namespace
}  // namespace chorale::testing
