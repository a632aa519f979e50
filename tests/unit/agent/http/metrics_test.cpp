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
  const std::string text = Metrics("1").text();
  for (const char* name : {"nixy_reloads_failed", "nixy_reloads_successful", "nixy_invalid_subdomain_label_warnings",
                           "nixy_duplicate_subdomain_label_warnings", "nixy_endpoint_check_fails",
                           "nixy_endpoint_down_errors", "nixy_all_endpoints_down_errors", "nixy_marathon_stream_errors",
                           "nixy_marathon_stream_no_data_warnings", "nixy_marathon_events_received"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name + " 0\n"));
  }
  EXPECT_THAT(text, HasSubstr("nixy_reload_duration_bucket{le=\"25.6\"} 0"));
}

TEST(MetricsTest, ReloadsCountUnderBothNames) {
  Metrics metrics("1");
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
  view.role = coordination::Role::kLeader;
  view.epoch = coordination::Epoch{7};
  view.agents = {"a", "b"};
  view.committed = coordination::RevisionHeader{};
  view.committed->identity.revision = coordination::Revision{41};
  view.late = {"b"};
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
  for (const char* line :
       {"chorale_zookeeper_connected 1", "chorale_leader 1", "chorale_epoch 7", "chorale_agents 2",
        "chorale_committed_revision 41", "chorale_late_agents 1", "chorale_tree_znodes 812",
        "chorale_tree_bytes 3456789", "chorale_blocked_seconds 7.5", "chorale_applied_revision 40", "chorale_apps 20",
        "chorale_servers 61", "chorale_nginx_running 1", "chorale_nginx_workers{state=\"serving\"} 4",
        "chorale_nginx_workers{state=\"shutting_down\"} 2", "chorale_health 1",
        "chorale_loop_delay_max_seconds 0.03"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
  }
}

}  // namespace
}  // namespace chorale::agent
