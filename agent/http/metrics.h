// What Chorale counts, in Prometheus' text format; on request under Nixy's names too. Loop thread only.
//
// What only a leader knows is 0 on the others, and the age of Marathon's data is not there at all: no number would be
// true. Names follow Prometheus' rules (promtool check metrics); those of Nixy do not.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "agent/core/applying/nginx_counters.h"
#include "agent/core/applying/nginx_status.h"
#include "coordination/coordinator.h"

namespace chorale::agent {

class Metrics {
 public:
  // `nixy_names`: the same once more, under Nixy's names.
  explicit Metrics(const std::string& version, bool nixy_names = false);
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
  void session_event(coordination::SessionState state);            // of ZooKeeper
  // From the first event of a change until it was committed, and until this agent's workers served it; leader only.
  void change_committed(std::chrono::milliseconds latency);
  void change_applied(std::chrono::milliseconds latency);
  // From when this agent read that a revision is committed until its workers served it.
  void commit_applied(std::chrono::milliseconds latency);
  // Gauges.
  void set_cluster(const coordination::ViewChanged& view);
  void set_blocked(std::chrono::milliseconds duration);  // how long a change cannot be committed; 0: none
  void set_applied(const coordination::Identity& identity);
  void set_routes(std::int64_t apps, std::int64_t servers);
  void set_nginx(const NginxStatus& status);
  void set_health(coordination::Condition condition);
  void set_drained(bool drained);
  void set_config_refused(bool refused);
  void set_template_healthy(bool healthy);
  void set_loss_held_back(bool held);  // leader only
  void set_stream_attached(bool attached);
  void set_data_age(std::chrono::milliseconds age);  // since Marathon last answered well; leader only
  void leadership_ended();
  void observe_loop_delay(std::chrono::milliseconds delay);

  // `nginx`: what Nginx counts itself, where that is known.
  [[nodiscard]] std::string text(const std::optional<NginxCounters>& nginx = std::nullopt) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chorale::agent
