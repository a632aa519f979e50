#include "agent/nginx/report.h"

namespace chorale::agent {

NginxReport with_status(NginxReport report, const ApplierStatus& status) {
  report.running = status.running;
  report.nginx_message = status.nginx_message;
  report.config_healthy = status.config_healthy;
  report.config_message = status.config_message;
  report.applied = status.applied;
  report.wanted = status.wanted;
  report.failing_since = status.failing_since;
  report.last_test = status.last_test;
  report.accepted_tests = status.accepted_tests;
  report.workers = status.workers;
  report.old_workers = status.old_workers;
  report.reloads = status.reloads;
  report.reload_failures = status.reload_failures;
  return report;
}

}  // namespace chorale::agent
