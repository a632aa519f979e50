// What Chorale counts, in Prometheus' text format, Nixy's names kept beside the new ones. Loop thread only.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "agent/core/applying/nginx_status.h"
#include "coordination/coordinator.h"

namespace chorale::agent {

class Metrics {
 public:
  explicit Metrics(const std::string& version);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Counters.
  void marathon_request(bool ok);
  void marathon_event();
  void marathon_stream_error();
  void proposal(bool committed);
  void reload(bool ok, std::chrono::milliseconds duration);        // rename until proof
  void hosts_refused(std::size_t invalid, std::size_t duplicate);  // of labels, or of an app id
  void endpoint_down();                                            // a Marathon endpoint could not be reached
  void endpoint_check_failed();                                    // it answered, but not well
  void all_endpoints_down();                                       // no endpoint left to ask
  void stream_silent();                                            // the event stream was given up because nothing came
  // Seconds from the first event of a change until this agent's workers served it; leader only.
  void change_applied(std::chrono::milliseconds latency);
  // Gauges.
  void set_cluster(const coordination::ViewChanged& view);
  void set_blocked(std::chrono::milliseconds duration);  // how long a change cannot be committed; leader only, 0: none
  void set_applied(const coordination::Identity& identity);
  void set_routes(std::int64_t apps, std::int64_t servers);
  void set_nginx(const NginxStatus& status);
  void set_health(coordination::Condition condition);
  void set_stream_attached(bool attached);
  void set_data_age(std::chrono::milliseconds age);          // since Marathon last answered well; leader only
  void observe_loop_delay(std::chrono::milliseconds delay);  // keeps the worst

  [[nodiscard]] std::string text() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chorale::agent
