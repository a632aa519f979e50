#include "agent/core/leading/event_meaning.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "agent/core/leading/task_standing.h"

namespace chorale::agent {
namespace {

Meaning meaning_of_status(const MarathonEvent& event) {
  if (event.state.empty()) return Meaning::kNothing;
  switch (phase_of_state(event.state)) {
    case TaskPhase::kRunning:
      return Meaning::kTaskRuns;
    case TaskPhase::kEnding:
      return Meaning::kTaskEnds;
    case TaskPhase::kUnclear:
      return Meaning::kTaskUnclear;
    case TaskPhase::kComing:
      return Meaning::kNothing;
  }
  return Meaning::kNothing;
}

Meaning meaning_of_condition(const std::string& condition) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), condition) != words.end();
  };
  if (condition == "Running") return Meaning::kTaskRuns;
  if (is_one_of({"Killing", "Killed", "Failed", "Finished", "Error", "Gone", "Dropped"})) return Meaning::kTaskEnds;
  if (is_one_of({"Unreachable", "UnreachableInactive", "Unknown"})) return Meaning::kTaskUnclear;
  return Meaning::kNothing;
}

}  // namespace

Meaning meaning_for_pod(const MarathonEvent& event) {
  if (event.task.empty()) return meaning_of(event);
  if (event.type == "instance_changed_event") return meaning_of_condition(event.state);
  if (event.type == "status_update_event" && event.state == "TASK_FINISHED") return Meaning::kTaskUnclear;
  return meaning_of(event);
}

Meaning meaning_of(const MarathonEvent& event) {
  if (event.type == "group_change_success") return Meaning::kGroupEdited;
  if (event.type == "deployment_success" || event.type == "deployment_failed") return Meaning::kDeployed;
  if (event.type == "unreadable" || event.type == "oversized") return Meaning::kUnreadable;
  if (event.type == "pod_created_event" || event.type == "pod_updated_event" || event.type == "pod_deleted_event") {
    return Meaning::kPodEdited;
  }
  if (event.app.empty()) return Meaning::kNothing;
  if (event.type == "app_terminated_event") return Meaning::kAppEnded;
  if (event.type == "api_post_event") return Meaning::kAppEdited;
  if (event.task.empty()) return Meaning::kNothing;
  if (event.type == "status_update_event") return meaning_of_status(event);
  if (event.type == "unhealthy_task_kill_event" || event.type == "unhealthy_instance_kill_event") {
    return Meaning::kTaskEnds;
  }
  if (event.type == "health_status_changed_event" || event.type == "instance_health_changed_event") {
    if (!event.alive) return Meaning::kNothing;  // Marathon itself does not know
    return *event.alive ? Meaning::kTaskAlive : Meaning::kTaskDead;
  }
  return Meaning::kNothing;
}

}  // namespace chorale::agent
