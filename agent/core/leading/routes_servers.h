// Which of an app's tasks are served, and where: states, health, ports and addresses. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/core/leading/routes.h"
#include "agent/core/leading/slave_addresses.h"

namespace chorale::agent {

// Of one task, why it is not served.
struct TaskRefusal {
  std::string task;
  std::string reason;
  Exclusion::Kind kind = Exclusion::Kind::kOther;
};

struct PlacedPorts {
  std::vector<render::Port> ports;  // those with servers, by index; labels, names and hosts are not checked yet
  render::Port main_port;           // without servers: what stands for it where it has none
  std::string main_unreachable;     // why no task can be reached at the main port, whatever its state; empty: it can
  std::vector<TaskRefusal> refusals;
};

// `ports`, `main_port`: of agent/core/leading/routes_ports.h. Tells `memory` what results say. Ensures: servers sorted
// by address, one per address.
[[nodiscard]] PlacedPorts place_tasks(const MarathonApp& app, const std::vector<MarathonPort>& ports,
                                      std::size_t main_port, const SlaveAddresses& slaves, HealthMemory& memory,
                                      const RoutePolicy& policy, TimePoint now);

// Would this task be served, as far as its own state and health go? For events: is there a reason to fetch?
[[nodiscard]] bool is_up(const MarathonApp& app, const MarathonTask& task, const HealthMemory& memory,
                         const RoutingRules& rules);

// It runs, and is not routed for want of readiness alone: the end of a deployment is a reason to fetch.
[[nodiscard]] bool is_unready(const MarathonApp& app, const MarathonTask& task, const HealthMemory& memory,
                              const RoutingRules& rules);

// A name that a resolver may be asked for; what else stands in a task's host is refused.
[[nodiscard]] bool is_host_name(const std::string& host);

}  // namespace chorale::agent
