// MarathonClient against the Marathon simulator: every dialect, a life of an app, and faults in the middle of it.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/harness/marathon_simulator.h"
#include "tests/integration/marathon_fixture.h"

namespace chorale::agent {
namespace {

using chorale::testing::MarathonSimulator;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kLimit{20};

class MarathonClientTest : public MarathonFixture {
 protected:
  void simulate(std::vector<std::string> arguments = {}) {
    simulator_ = std::make_unique<MarathonSimulator>(MarathonSimulator::Options{std::move(arguments)});
    ASSERT_TRUE(simulator_->start()) << simulator_->log();
  }
  AppsFetched fetch() {
    client_->perform(FetchApps{++fetch_, simulator_->url()});
    return wait_for<AppsFetched>(count<AppsFetched>() + 1);
  }
  AppFetched fetch(const std::string& app) {
    client_->perform(FetchApp{++fetch_, simulator_->url(), app});
    return wait_for<AppFetched>(count<AppFetched>() + 1);
  }
  [[nodiscard]] bool received(const std::string& type, const std::string& app) const {
    return std::any_of(reported_.begin(), reported_.end(), [&](const TrackerEvent& event) {
      const auto* received = std::get_if<EventReceived>(&event);
      return received != nullptr && received->event.type == type && received->event.app == app;
    });
  }

  std::unique_ptr<MarathonSimulator> simulator_;
  std::uint64_t fetch_ = 0;
};

TEST_F(MarathonClientTest, ReadsEveryDialect) {
  for (const char* version :
       {"0.9.2", "0.14.1", "0.16.0", "1.1.7", "1.4.13", "1.5.6", "1.7.236", "1.9.136", "1.11.24"}) {
    SCOPED_TRACE(version);
    reported_.clear();
    simulate({"--version", version});
    ASSERT_TRUE(simulator_->create("/shop/web", 2,
                                   {{"labels", {{"subdomain", "web.example.com"}}},
                                    {"env", {{"MODE", "green"}}},
                                    {"healthChecks", json::array({{{"protocol", "HTTP"}, {"path", "/healthz"}}})}}));
    ASSERT_TRUE(simulator_->settled(kLimit));
    ASSERT_TRUE(simulator_->set_health("/shop/web", true));
    start();
    const AppsFetched fetched = fetch();
    ASSERT_TRUE(fetched.apps) << fetched.apps.error().message;
    ASSERT_EQ(fetched.apps->count("/shop/web"), 1U);
    const MarathonApp& app = fetched.apps->at("/shop/web");
    EXPECT_EQ(app.labels.at("subdomain"), "web.example.com");
    EXPECT_EQ(app.env.at("MODE"), "green");
    EXPECT_EQ(app.health_checks, 1U);
    EXPECT_EQ(app.health_path, "/healthz");
    EXPECT_FALSE(app.ports.empty());
    ASSERT_EQ(app.tasks.size(), 2U);
    const auto truth = simulator_->tasks("/shop/web");
    for (const MarathonTask& task : app.tasks) {
      const auto same = std::find_if(truth.begin(), truth.end(), [&](const auto& info) { return info.id == task.id; });
      ASSERT_NE(same, truth.end()) << task.id;
      EXPECT_EQ(task.host, same->host);
      EXPECT_EQ(task.ports, same->ports);
      EXPECT_TRUE(task.started);
      ASSERT_EQ(task.health.size(), 1U);
      EXPECT_TRUE(task.health[0].alive);
    }
    const AppFetched single = fetch("/shop/web");
    ASSERT_TRUE(single.result) << single.result.error().message;
    ASSERT_TRUE(*single.result);
    EXPECT_EQ((*single.result)->tasks.size(), 2U);
    EXPECT_EQ((*single.result)->ports, app.ports);
  }
}

TEST_F(MarathonClientTest, FollowsTheLifeOfAnApp) {
  for (const char* version : {"0.9.2", "1.4.13", "1.9.136"}) {
    SCOPED_TRACE(version);
    reported_.clear();
    simulate({"--version", version});
    start().perform(OpenStream{simulator_->url()});
    EXPECT_EQ(wait_for<StreamAttached>().endpoint, simulator_->url());
    ASSERT_TRUE(simulator_->create("/web", 1));
    EXPECT_TRUE(run_until([&] { return received("status_update_event", "/web"); }));
    ASSERT_TRUE(simulator_->settled(kLimit));
    EXPECT_EQ(fetch("/web").result.value().value().tasks.size(), 1U);
    ASSERT_TRUE(simulator_->destroy("/web"));
    EXPECT_TRUE(run_until([&] { return received("app_terminated_event", "/web"); }));
    ASSERT_TRUE(simulator_->settled(kLimit));
    const AppFetched gone = fetch("/web");
    ASSERT_TRUE(gone.result) << gone.result.error().message;
    EXPECT_EQ(*gone.result, std::nullopt);
    EXPECT_EQ(count<StreamFailed>(), 0U);
    for (const TrackerEvent& event : reported_) {
      if (const auto* received = std::get_if<EventReceived>(&event)) {
        EXPECT_NE(received->event.type, "unreadable");
      }
    }
  }
}

TEST_F(MarathonClientTest, NoFaultLooksLikeASmallerCluster) {
  simulate({"--apps", "20", "--tasks", "2"});
  MarathonClientOptions options;
  options.list_timeout = Milliseconds(300);  // for the modes that never answer
  start(options);
  for (const char* mode : {"status", "unauthorized", "malformed", "wrong_types", "truncated", "empty_body",
                           "empty_object", "stalled", "slow", "reset"}) {
    ASSERT_TRUE(simulator_->fault("apps", mode)) << mode;
    const AppsFetched fetched = fetch();
    EXPECT_FALSE(fetched.apps) << mode;
    if (!fetched.apps) {
      EXPECT_THAT(fetched.apps.error().message, HasSubstr("GET " + simulator_->url() + "/v2/apps: ")) << mode;
    }
    ASSERT_TRUE(simulator_->clear_faults());
    const AppsFetched healed = fetch();
    ASSERT_TRUE(healed.apps) << "after " << mode << ": " << healed.apps.error().message;
    EXPECT_EQ(healed.apps->size(), 20U);
  }
}

TEST_F(MarathonClientTest, FindsMarathonAgainAfterARestart) {
  simulate();
  start().perform(OpenStream{simulator_->url()});
  (void)wait_for<StreamAttached>(1);
  EXPECT_TRUE(fetch().apps);
  simulator_->kill();
  EXPECT_EQ(wait_for<StreamFailed>().endpoint, simulator_->url());
  EXPECT_FALSE(fetch().apps);
  client_->perform(PingEndpoint{simulator_->url()});
  EXPECT_TRUE(wait_for<EndpointPinged>(1).failure);
  ASSERT_TRUE(simulator_->start()) << simulator_->log();
  client_->perform(PingEndpoint{simulator_->url()});
  EXPECT_EQ(wait_for<EndpointPinged>(2).failure, std::nullopt);
  EXPECT_TRUE(fetch().apps);
  client_->perform(OpenStream{simulator_->url()});
  (void)wait_for<StreamAttached>(2);
}

TEST_F(MarathonClientTest, AFrozenMarathonIsGivenUp) {
  simulate();
  MarathonClientOptions options;
  options.request_timeout = Milliseconds(200);
  options.stream_idle_timeout = Milliseconds(300);
  start(options).perform(OpenStream{simulator_->url()});
  (void)wait_for<StreamAttached>();
  simulator_->pause();
  client_->perform(PingEndpoint{simulator_->url()});
  const EndpointPinged pinged = wait_for<EndpointPinged>();
  ASSERT_TRUE(pinged.failure);
  EXPECT_THAT(pinged.failure->message, HasSubstr("no complete answer within 200 ms"));
  EXPECT_THAT(wait_for<StreamFailed>().failure.message, HasSubstr("nothing received for 300 ms"));
  simulator_->resume();
}

TEST_F(MarathonClientTest, ReadsALargeClusterInOneGo) {
  simulate({"--apps", "300", "--tasks", "5"});
  start();
  const AppsFetched fetched = fetch();
  ASSERT_TRUE(fetched.apps) << fetched.apps.error().message;
  EXPECT_EQ(fetched.apps->size(), 300U);
  for (const auto& [id, app] : *fetched.apps) {
    ASSERT_EQ(app.tasks.size(), 5U) << id;
  }
  EXPECT_EQ(simulator_->requests("apps"), 1);
}

TEST_F(MarathonClientTest, ReadsPodsWhereMarathonHasThem) {
  for (const char* version : {"1.4.13", "1.9.136"}) {
    SCOPED_TRACE(version);
    reported_.clear();
    simulate({"--version", version});
    ASSERT_TRUE(simulator_->create_pod("/shop/pod", 2, {{"healthChecks", 1}, {"labels", {{"subdomain", "pod"}}}}));
    ASSERT_TRUE(simulator_->settled(kLimit));
    start();
    client_->perform(FetchPods{7, simulator_->url()});
    const PodsFetched list = wait_for<PodsFetched>();
    EXPECT_EQ(list.fetch, 7U);
    ASSERT_TRUE(list.pods) << list.pods.error().message;
    ASSERT_TRUE(*list.pods);
    const MarathonApp& pod = (*list.pods)->at("/shop/pod");
    EXPECT_EQ(pod.labels.at("subdomain"), "pod");
    ASSERT_EQ(pod.tasks.size(), 2U);
    EXPECT_EQ(pod.tasks[0].state, "TASK_RUNNING");
    EXPECT_EQ(pod.tasks[0].ports, simulator_->tasks("/shop/pod")[0].ports);
    EXPECT_EQ(pod.tasks[0].health, std::vector<HealthResult>{HealthResult{true}});
    client_->perform(FetchPod{8, simulator_->url(), "/shop/pod"});
    const AppFetched one = wait_for<AppFetched>();
    ASSERT_TRUE(one.result) << one.result.error().message;
    EXPECT_EQ(*one.result, pod);
    client_->perform(FetchPod{9, simulator_->url(), "/none"});
    const AppFetched none = wait_for<AppFetched>(2);
    ASSERT_TRUE(none.result) << none.result.error().message;
    EXPECT_EQ(*none.result, std::nullopt);
  }
}

TEST_F(MarathonClientTest, TellsAMarathonWithoutPodsFromOneThatFails) {
  simulate({"--version", "1.3.14"});
  start();
  client_->perform(FetchPods{1, simulator_->url()});
  const PodsFetched none = wait_for<PodsFetched>();
  ASSERT_TRUE(none.pods) << none.pods.error().message;
  EXPECT_FALSE(*none.pods);
  ASSERT_FALSE(simulator_->control("fault", {{"kind", "pods"}, {"status", 405}}).is_null());
  client_->perform(FetchPods{2, simulator_->url()});
  const PodsFetched not_allowed = wait_for<PodsFetched>(2);
  ASSERT_TRUE(not_allowed.pods) << not_allowed.pods.error().message;
  EXPECT_FALSE(*not_allowed.pods);
  reported_.clear();
  simulate();
  ASSERT_TRUE(simulator_->create_pod("/pod", 1, json::object()));
  start();
  for (const char* mode : {"status", "truncated", "empty_body", "malformed", "empty_object"}) {
    ASSERT_TRUE(simulator_->fault("pods", mode));
    client_->perform(FetchPods{++fetch_, simulator_->url()});
    const PodsFetched failed = wait_for<PodsFetched>(count<PodsFetched>() + 1);
    ASSERT_FALSE(failed.pods) << mode;
    EXPECT_THAT(failed.pods.error().message, HasSubstr("GET " + simulator_->url() + "/v2/pods::status: ")) << mode;
    ASSERT_TRUE(simulator_->clear_faults());
  }
}

}  // namespace
}  // namespace chorale::agent
