#include "agent/nginx/report.h"

#include <array>
#include <chrono>
#include <ctime>

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
  report.workers = status.workers;
  report.old_workers = status.old_workers;
  report.reloads = status.reloads;
  report.reload_failures = status.reload_failures;
  return report;
}

std::string utc_now() {
  const auto now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  const std::string fraction = std::to_string(1000 + now.time_since_epoch().count() % 1000).substr(1);
  return std::string(text.data(), size) + "." + fraction + "Z";
}

}  // namespace chorale::agent
