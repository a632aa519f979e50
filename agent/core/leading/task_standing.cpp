#include "agent/core/leading/task_standing.h"

#include <algorithm>
#include <array>
#include <string>

#include "coordination/require.h"

namespace chorale::agent {

TaskPhase phase_of_state(std::string_view state) {
  coordination::require(!state.empty(), "a missing state is decided by the caller");
  constexpr std::array<std::string_view, 8> kEndStates = {"TASK_KILLING",          "TASK_KILLED", "TASK_FAILED",
                                                          "TASK_FINISHED",         "TASK_ERROR",  "TASK_GONE",
                                                          "TASK_GONE_BY_OPERATOR", "TASK_DROPPED"};
  if (state == "TASK_RUNNING") return TaskPhase::kRunning;
  if (state == "TASK_STAGING" || state == "TASK_STARTING") return TaskPhase::kComing;
  if (std::find(kEndStates.begin(), kEndStates.end(), state) != kEndStates.end()) return TaskPhase::kEnding;
  return TaskPhase::kUnclear;
}

TaskPhase phase_of(const MarathonTask& task) {
  if (task.state.empty()) return task.started ? TaskPhase::kRunning : TaskPhase::kComing;
  return phase_of_state(task.state);
}

HealthWord health_of(const MarathonApp& app, const MarathonTask& task) {
  if (app.health_checks == 0) return HealthWord::kNotChecked;
  if (task.health.empty()) return HealthWord::kNoResult;
  const bool alive =
      std::all_of(task.health.begin(), task.health.end(), [](const HealthResult& result) { return result.alive; });
  return alive ? HealthWord::kAlive : HealthWord::kDead;
}

TaskWord word_on(const MarathonApp& app, const MarathonTask& task) {
  switch (phase_of(task)) {
    case TaskPhase::kComing:
    case TaskPhase::kEnding:
      return TaskWord::kGone;
    case TaskPhase::kUnclear:
      return TaskWord::kNone;
    case TaskPhase::kRunning:
      break;
  }
  switch (health_of(app, task)) {
    case HealthWord::kDead:
      return TaskWord::kGone;
    case HealthWord::kNoResult:
      return TaskWord::kUnproven;
    case HealthWord::kNotChecked:
    case HealthWord::kAlive:
      break;
  }
  return TaskWord::kServes;
}

bool is_instance_id(std::string_view task) {
  constexpr std::string_view kInstance = ".instance-";
  const std::size_t at = task.rfind(kInstance);
  return at != std::string_view::npos && task.find('.', at + kInstance.size()) == std::string_view::npos;
}

bool is_meant(std::string_view id, std::string_view task) {
  if (id.empty()) return false;
  if (id == task) return true;
  if (task.starts_with(id) && task[id.size()] == '.') return true;
  constexpr std::string_view kLegacy = ".marathon-";
  const std::size_t at = id.rfind(kLegacy);
  if (at == std::string_view::npos) return false;
  const std::string_view app = id.substr(0, at);
  const std::string_view uuid = id.substr(at + kLegacy.size());
  if (!task.starts_with(app)) return false;
  const std::string_view rest = task.substr(app.size());
  return rest.starts_with('.') && rest.substr(1).starts_with(uuid) &&
         (rest.size() == uuid.size() + 1 || rest[uuid.size() + 1] == '.');
}

}  // namespace chorale::agent
