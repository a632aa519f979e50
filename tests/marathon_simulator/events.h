// The events of Marathon's bus, in the shape of the release asked for. Pure but for the timestamp.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "tests/marathon_simulator/model.h"

namespace chorale::marathon_simulator {

struct Event {
  std::string type;
  std::string data;  // one line of JSON, with eventType and timestamp
};
using EventSink = std::function<void(const Event&)>;

class Events {
 public:
  // `group_bytes`: of each group in a deployment event, which carries it before and after; 0: it carries none.
  explicit Events(const Version& version, std::size_t group_bytes = 0);

  [[nodiscard]] Event status_update(const Task& task, const std::string& message) const;
  [[nodiscard]] Event instance_changed(const Task& task, const std::string& condition) const;
  [[nodiscard]] Event instance_health_changed(const Task& task, bool healthy) const;
  [[nodiscard]] Event health_status_changed(const Task& task, bool alive) const;
  [[nodiscard]] Event failed_health_check(const Task& task) const;
  [[nodiscard]] Event unhealthy_kill(const Task& task) const;
  [[nodiscard]] Event add_health_check(const App& app, const std::string& check) const;
  [[nodiscard]] Event remove_health_check(const std::string& app_id) const;
  [[nodiscard]] Event api_post(const App& app, const std::string& client_ip, const std::string& uri) const;
  // Created, updated or deleted, as the pod stands now.
  [[nodiscard]] Event pod_edited(const App& pod) const;
  [[nodiscard]] Event app_terminated(const std::string& app_id) const;
  [[nodiscard]] Event group_change_success(const std::string& group_id, const std::string& version) const;
  // `kind` is deployment_info, deployment_step_success, deployment_step_failure.
  [[nodiscard]] Event deployment_step(const std::string& kind, const Deployment& deployment) const;
  // `kind` is deployment_success or deployment_failed; `reason` only for the latter.
  [[nodiscard]] Event deployment_end(const std::string& kind, const Deployment& deployment,
                                     const std::string& reason) const;
  [[nodiscard]] Event stream(const std::string& kind, const std::string& remote_address) const;
  [[nodiscard]] Event subscription(const std::string& kind, const std::string& client_ip, const std::string& url) const;
  [[nodiscard]] Event scheduler_registered() const;

 private:
  // A plan as a whole: with its groups, where this release sends them.
  [[nodiscard]] Event with_groups(Event event) const;

  Version version_;
  std::string groups_;  // of a plan, as text; empty: it has none
};

}  // namespace chorale::marathon_simulator
