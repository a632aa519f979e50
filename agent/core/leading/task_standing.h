// What Marathon's words on one task mean for routing. Pure.
//
// The difference that matters: a word about a task ("killed", "not alive") is a reason to stop routing to it; silence
// ("unreachable", no result) is not one by itself. The guard and the health memory rest on it.
#pragma once

#include <string_view>

#include "agent/core/leading/marathon_apps.h"

namespace chorale::agent {

enum class TaskPhase {
  kComing,   // staging, starting
  kRunning,  // the one phase that is routed
  kEnding,   // killing, or any state that a task never leaves
  kUnclear,  // unreachable, lost, unknown, or a word that we do not know: it may run or not
};

[[nodiscard]] TaskPhase phase_of_state(std::string_view state);  // REQUIRES: not empty
// Marathon <= 0.14 lists no state: a task that was started runs.
[[nodiscard]] TaskPhase phase_of(const MarathonTask& task);

enum class HealthWord { kNotChecked, kNoResult, kAlive, kDead };
// All results that exist must be alive (Nixy's rule); fewer results than checks are enough.
[[nodiscard]] HealthWord health_of(const MarathonApp& app, const MarathonTask& task);

// Both in one. Lost health results are no word; that they count for a while only is HealthMemory's rule.
enum class TaskWord {
  kServes,
  kUnproven,  // runs, and its checks have no result
  kGone,      // not up yet, ending, or not alive
  kNone,      // it may run or not
};
[[nodiscard]] TaskWord word_on(const MarathonApp& app, const MarathonTask& task);

// An instance's id as Marathon makes it, with nothing of a task behind ("<pod>.instance-<uuid>"): what stands for a
// pod's instance among our tasks, and for no app's task in any version.
[[nodiscard]] bool is_instance_id(std::string_view task);

// True if `id`, a task or an instance id as events carry it, means `task`. Marathon 1.8 builds task ids from the
// instance's ("<instance>._app.1"), older ones write "<app>.marathon-<uuid>" for the instance of task "<app>.<uuid>".
[[nodiscard]] bool is_meant(std::string_view id, std::string_view task);

}  // namespace chorale::agent
