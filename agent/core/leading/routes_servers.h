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
  std::vector<render::Port> ports;  // those with servers, by index; labels and names are not checked yet
  std::vector<TaskRefusal> refusals;
};

// Tells `memory` what results say. Ensures: servers sorted by address, one per address.
[[nodiscard]] PlacedPorts place_tasks(const MarathonApp& app, const SlaveAddresses& slaves, HealthMemory& memory,
                                      const RoutePolicy& policy, TimePoint now);

// Would this task be served, as far as its own state and health go? For events: is there a reason to fetch?
[[nodiscard]] bool is_up(const MarathonApp& app, const MarathonTask& task, const HealthMemory& memory);

// A name that a resolver may be asked for; what else stands in a task's host is refused.
[[nodiscard]] bool is_host_name(const std::string& host);

}  // namespace chorale::agent
