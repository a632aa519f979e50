// Of an app's tasks, in a few words: what keeps them out. For the log, and for `explain` (core/explanation.h). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/core/leading/health_memory.h"
#include "agent/core/leading/routes.h"

namespace chorale::agent {

// In the order in which build_routes() looks.
enum class TaskCause : std::uint8_t {
  kNotRunning,
  kEnding,
  kUnclear,  // it may run or not: TASK_UNREACHABLE, TASK_LOST
  kNotReady,
  kUnhealthy,
  kUnproven,  // no health result yet
  kUnresolved,
  kUnplaced,  // no address or port where it could be reached
};

// REQUIRES: build_routes() left the task out, by `refusal`.
[[nodiscard]] TaskCause cause_of(const MarathonApp& app, const MarathonTask& task, const Exclusion& refusal,
                                 const HealthMemory& memory, const RoutingRules& rules);

struct TaskCounts {
  std::vector<TaskCause> causes;  // of each task
  std::string first_unplaced;     // in the words of the refusal
  // One more: `refusal` as for cause_of().
  void add(TaskCause cause, const Exclusion& refusal);
  // Some of them may be served in a moment: they start, or their first health result is to come.
  [[nodiscard]] bool some_come() const;
};
// Why none of them is served: "none of its 3 tasks is healthy", "it has no instances: it is scaled to 0".
[[nodiscard]] std::string why_no_task(const MarathonApp& app, const TaskCounts& counts);
// What to do about it, as sentences.
[[nodiscard]] std::vector<std::string> advice_on_tasks(const MarathonApp& app, const TaskCounts& counts);

}  // namespace chorale::agent
