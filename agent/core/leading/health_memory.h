// Remembers since when a routed task has had no health result, so that a Marathon failover (all results lost) takes no
// server away. Pure. It starts with what the committed state serves.
#pragma once

#include <string>
#include <unordered_map>

#include "agent/base/types.h"
#include "agent/core/leading/marathon_apps.h"
#include "render/routing_state.h"

namespace chorale::agent {

class HealthMemory {
 public:
  // The tasks that the committed state serves: they count as alive until a result says otherwise.
  void remember_routed(const render::RoutingState& state);
  // For a task without a result although its app has checks: true while within `memory` of the loss.
  [[nodiscard]] bool still_alive(const std::string& task, TimePoint now, Milliseconds memory);
  void judged(const std::string& task, bool alive);
  void forget_absent(const MarathonApps& apps);

  // The last result of this task was "alive". Changes nothing, unlike still_alive.
  [[nodiscard]] bool remembers_alive(const std::string& task) const;
  // When the first task that is served from memory alone runs out of it; time_point::max() if there is none.
  [[nodiscard]] TimePoint first_expiry(Milliseconds memory, TimePoint now) const;

 private:
  struct Entry {
    bool alive = false;
    bool lost = false;
    TimePoint lost_at{};
  };
  std::unordered_map<std::string, Entry> entries_;
  bool some_lost_ = false;  // false: certainly none
};

}  // namespace chorale::agent
