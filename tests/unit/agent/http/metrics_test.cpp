#include "agent/http/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, NamesVersionAndProcess) {
  const std::string text = Metrics("1.2.3").text();
  EXPECT_THAT(text, HasSubstr("chorale_build_info{version=\"1.2.3\"} 1"));
  EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes "));
  EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds_total counter"));
  EXPECT_THAT(text, HasSubstr("process_open_fds "));
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
}

TEST(MetricsTest, EveryNameOfNixysIsThere) {
  EXPECT_THAT(Metrics("1").text(), Not(HasSubstr("nixy_")));
  const std::string text = Metrics("1", true).text();
  for (const char* name : {"nixy_reloads_failed", "nixy_reloads_successful", "nixy_invalid_subdomain_label_warnings",
                           "nixy_duplicate_subdomain_label_warnings", "nixy_endpoint_check_fails",
                           "nixy_endpoint_down_errors", "nixy_all_endpoints_down_errors", "nixy_marathon_stream_errors",
                           "nixy_marathon_stream_no_data_warnings", "nixy_marathon_events_received"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name + " 0\n"));
  }
  EXPECT_THAT(text, HasSubstr("nixy_reload_duration_bucket{le=\"25.6\"} 0"));
}

TEST(MetricsTest, ReloadsCountUnderBothNames) {
  Metrics metrics("1", true);
  metrics.reload(true, milliseconds(150));
  metrics.reload(true, milliseconds(250));
  metrics.reload(false, milliseconds(5'000));
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("chorale_reloads_total{result=\"ok\"} 2"));
  EXPECT_THAT(text, HasSubstr("chorale_reloads_total{result=\"failed\"} 1"));
  EXPECT_THAT(text, HasSubstr("nixy_reloads_successful 2"));
  EXPECT_THAT(text, HasSubstr("nixy_reloads_failed 1"));
  EXPECT_THAT(text, HasSubstr("chorale_reload_duration_seconds_bucket{le=\"0.2\"} 1"));
  EXPECT_THAT(text, HasSubstr("chorale_reload_duration_seconds_count 2"));
  EXPECT_THAT(text, HasSubstr("nixy_reload_duration_sum 0.4"));
}

TEST(MetricsTest, GaugesFollowTheCluster) {
  Metrics metrics("1");
  coordination::ViewChanged view;
  view.connected = true;
  view.registered = true;
  view.role = coordination::Role::kLeader;
  view.epoch = coordination::Epoch{7};
  view.agents = {"a", "b"};
  view.committed = coordination::RevisionHeader{};
  view.committed->identity.revision = coordination::Revision{41};
  view.late = {"b"};
  view.missing_members = {"c", "d"};
  view.held = coordination::HoldDocument{};
  view.tree = coordination::TreeSize{812, 3'456'789};
  metrics.set_cluster(view);
  metrics.set_blocked(milliseconds(7'500));
  metrics.set_applied({coordination::Epoch{7}, coordination::Revision{40}, "d"});
  metrics.set_routes(20, 61);
  NginxStatus nginx;
  nginx.running = true;
  nginx.workers = 4;
  nginx.old_workers = 2;
  metrics.set_nginx(nginx);
  metrics.set_health(coordination::Condition::kDegraded);
  metrics.observe_loop_delay(milliseconds(30));
  metrics.observe_loop_delay(milliseconds(10));
  const std::string text = metrics.text();
  for (const char* line : {"chorale_zookeeper_connected 1",
                           "chorale_registered 1",
                           "chorale_leader 1",
                           "chorale_epoch 7",
                           "chorale_agents 2",
                           "chorale_missing_members 2",
                           "chorale_held 1",
                           "chorale_committed_revision 41",
                           "chorale_late_agents 1",
                           "chorale_tree_znodes 812",
                           "chorale_tree_bytes 3456789",
                           "chorale_blocked_seconds 7.5",
                           "chorale_applied_revision 40",
                           "chorale_apps 20",
                           "chorale_servers 61",
                           "chorale_nginx_running 1",
                           "chorale_nginx_workers{state=\"serving\"} 4",
                           "chorale_nginx_workers{state=\"shutting_down\"} 2",
                           "chorale_health 1",
                           "chorale_loop_delay_max_seconds 0.03"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
  }
}

TEST(MetricsTest, LastChangeAndWhatIsWrongAreShown) {
  Metrics metrics("1");
  coordination::ViewChanged view;
  view.committed = coordination::RevisionHeader{};
  view.committed->created_at = "2026-11-22T12:00:00.250Z";
  view.policy_difference = "realm";
  metrics.set_cluster(view);
  NginxStatus nginx;
  nginx.workers = 4;
  nginx.old_workers = 5;
  nginx.config_healthy = false;
  nginx.drifted = true;
  nginx.failing_since = TimePoint();
  metrics.set_nginx(nginx);
  metrics.set_drained(true);
  metrics.set_template_healthy(true);
  metrics.set_config_refused(true);
  const std::string text = metrics.text();
  for (const char* line :
       {"chorale_policy_differs 1", "chorale_nginx_old_worker_generations 2", "chorale_nginx_config_healthy 0",
        "chorale_nginx_config_drifted 1", "chorale_apply_failing 1", "chorale_observer 0", "chorale_drained 1",
        "chorale_template_healthy 1", "chorale_config_reload_refused 1"}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(line) + "\n"));
  }
  const std::string name = "\nchorale_committed_timestamp_seconds ";
  ASSERT_THAT(text, HasSubstr(name));
  EXPECT_NEAR(std::stod(text.substr(text.find(name) + name.size())), 1795348800.25, 0.001);

  metrics.set_cluster({});
  metrics.set_nginx({});
  metrics.set_drained(false);
  metrics.set_template_healthy(false);
  metrics.set_config_refused(false);
  const std::string later = metrics.text();
  for (const char* line :
       {"chorale_policy_differs 0", "chorale_held 0", "chorale_nginx_old_worker_generations 0",
        "chorale_nginx_config_healthy 1", "chorale_nginx_config_drifted 0", "chorale_apply_failing 0",
        "chorale_drained 0", "chorale_template_healthy 0", "chorale_config_reload_refused 0"}) {
    EXPECT_THAT(later, HasSubstr("\n" + std::string(line) + "\n"));
  }
}

TEST(MetricsTest, WhatOnlyALeaderKnowsEndsWithItsLeadership) {
  Metrics metrics("1");
  EXPECT_THAT(metrics.text(), Not(HasSubstr("data_age")));
  metrics.set_data_age(milliseconds(1'500));
  metrics.set_stream_attached(true);
  metrics.set_loss_held_back(true);
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("\nchorale_marathon_data_age_seconds 1.5\n"));
  EXPECT_THAT(text, HasSubstr("\nchorale_marathon_stream_attached 1\n"));
  EXPECT_THAT(text, HasSubstr("\nchorale_loss_held_back 1\n"));
  metrics.leadership_ended();
  const std::string later = metrics.text();
  EXPECT_THAT(later, Not(HasSubstr("data_age")));
  EXPECT_THAT(later, HasSubstr("\nchorale_marathon_stream_attached 0\n"));
  EXPECT_THAT(later, HasSubstr("\nchorale_loss_held_back 0\n"));
}

TEST(MetricsTest, EverySessionEventHasItsOwnCount) {
  using coordination::SessionState;
  Metrics metrics("1");
  const std::vector<std::pair<SessionState, std::string>> events = {{SessionState::kConnected, "connected"},
                                                                    {SessionState::kConnecting, "disconnected"},
                                                                    {SessionState::kExpired, "expired"},
                                                                    {SessionState::kAuthFailed, "auth_failed"},
                                                                    {SessionState::kUnresolved, "unresolved"}};
  int count = 0;
  for (const auto& [state, name] : events) {
    ++count;
    for (int i = 0; i < count; ++i) metrics.session_event(state);
    EXPECT_THAT(metrics.text(), HasSubstr("chorale_zookeeper_session_events_total{event=\"" + name + "\"} " +
                                          std::to_string(count) + "\n"));
  }
}

TEST(MetricsTest, StepsOfAChangeHaveAHistogramEach) {
  Metrics metrics("1");
  metrics.change_committed(milliseconds(250));
  metrics.commit_applied(milliseconds(500));
  metrics.change_applied(milliseconds(750));
  metrics.observe_loop_delay(milliseconds(125));
  const std::string text = metrics.text();
  for (const char* line :
       {"chorale_change_committed_seconds_sum 0.25", "chorale_commit_applied_seconds_sum 0.5",
        "chorale_change_applied_seconds_sum 0.75", "chorale_loop_delay_seconds_sum 0.125",
        "chorale_loop_delay_seconds_bucket{le=\"0.1\"} 0", "chorale_loop_delay_seconds_bucket{le=\"0.25\"} 1"}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(line) + "\n"));
  }
}

TEST(MetricsTest, NginxIsShownAsItCountsItself) {
  Metrics metrics("1");
  EXPECT_THAT(metrics.text(), Not(HasSubstr("chorale_nginx_requests_total")));
  NginxCounters nginx;
  nginx.accepted = 11;
  nginx.handled = 10;
  nginx.requests = 25;
  nginx.active = 6;
  nginx.reading = 1;
  nginx.writing = 2;
  nginx.waiting = 3;
  const std::string text = metrics.text(nginx);
  for (const char* line :
       {"chorale_nginx_connections_accepted_total 11", "chorale_nginx_connections_handled_total 10",
        "chorale_nginx_requests_total 25", "chorale_nginx_connections{state=\"reading\"} 1",
        "chorale_nginx_connections{state=\"writing\"} 2", "chorale_nginx_connections{state=\"waiting\"} 3"}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(line) + "\n"));
  }
}

}  // namespace
}  // namespace chorale::agent
