#include "tests/marathon_simulator/model.h"

#include <algorithm>
#include <array>
#include <utility>

namespace chorale::marathon_simulator {
namespace {

struct StateNames {
  TaskState state;
  const char* mesos;
  const char* condition;
};

constexpr std::array<StateNames, 12> kStates{{
    {TaskState::kStaging, "TASK_STAGING", "Staging"},
    {TaskState::kStarting, "TASK_STARTING", "Starting"},
    {TaskState::kRunning, "TASK_RUNNING", "Running"},
    {TaskState::kKilling, "TASK_KILLING", "Killing"},
    {TaskState::kUnreachable, "TASK_UNREACHABLE", "Unreachable"},
    {TaskState::kKilled, "TASK_KILLED", "Killed"},
    {TaskState::kFailed, "TASK_FAILED", "Failed"},
    {TaskState::kFinished, "TASK_FINISHED", "Finished"},
    {TaskState::kError, "TASK_ERROR", "Error"},
    {TaskState::kLost, "TASK_LOST", "Unreachable"},
    {TaskState::kGone, "TASK_GONE", "Gone"},
    {TaskState::kDropped, "TASK_DROPPED", "Dropped"},
}};

const StateNames& names(TaskState state) { return kStates.at(static_cast<std::size_t>(state)); }

}  // namespace

bool is_terminal(TaskState state) {
  switch (state) {
    case TaskState::kStaging:
    case TaskState::kStarting:
    case TaskState::kRunning:
    case TaskState::kKilling:
    case TaskState::kUnreachable:
      return false;
    case TaskState::kKilled:
    case TaskState::kFailed:
    case TaskState::kFinished:
    case TaskState::kError:
    case TaskState::kLost:
    case TaskState::kGone:
    case TaskState::kDropped:
      return true;
  }
  return true;
}

const char* mesos_name(TaskState state) { return names(state).mesos; }

const char* condition_name(TaskState state) { return names(state).condition; }

bool parse_task_state(const std::string& name, TaskState& state) {
  const auto found = std::find_if(kStates.begin(), kStates.end(), [&](const auto& row) { return name == row.mesos; });
  if (found == kStates.end()) return false;
  state = found->state;
  return true;
}

std::string safe_app_id(const std::string& app_id) {
  std::string safe = app_id.substr(std::min<std::size_t>(1, app_id.size()));
  std::replace(safe.begin(), safe.end(), '/', '_');
  return safe;
}

std::string parent_group(const std::string& app_id) {
  const auto slash = app_id.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : app_id.substr(0, slash);
}

}  // namespace chorale::marathon_simulator
