#include "agent/core/leading/explain_tasks.h"

#include <algorithm>
#include <map>

#include "agent/base/one_line.h"
#include "agent/core/leading/routes_servers.h"
#include "agent/core/leading/task_standing.h"

namespace chorale::agent {
namespace {

// To go on from "none of its 3 tasks", and from "2" in a list.
struct Phrase {
  std::string_view none;
  std::string_view some;
};

Phrase phrase_of(TaskCause cause) {
  switch (cause) {
    case TaskCause::kNotRunning:
      return {"runs yet", "not running yet"};
    case TaskCause::kEnding:
      return {"goes on running", "ending"};
    case TaskCause::kUnclear:
      return {"is known to run", "not known to run"};
    case TaskCause::kNotReady:
      return {"is ready", "not ready"};
    case TaskCause::kUnhealthy:
      return {"is healthy", "not healthy"};
    case TaskCause::kUnproven:
      return {"has a health result yet", "without a health result yet"};
    case TaskCause::kUnresolved:
      return {"is on a host whose name resolves", "on a host whose name does not resolve"};
    case TaskCause::kUnplaced:
      return {"can be reached", "not to be reached"};
  }
  return {};
}

std::string advice_on(TaskCause cause, const MarathonApp& app) {
  switch (cause) {
    case TaskCause::kNotRunning:
      return "Wait, or look in Marathon why the task does not start: it is routed as soon as it runs.";
    case TaskCause::kEnding:
      return "Wait for the tasks that replace these, or look in Marathon why they end.";
    case TaskCause::kUnclear:
      return "Look at the slave of the task; unreachable = \"keep\" would keep such tasks among the routes.";
    case TaskCause::kNotReady:
      return "Wait until its readiness check passes, or correct the check.";
    case TaskCause::kUnhealthy:
      return app.health_path.empty() ? "Correct the app, or its health check."
                                     : "Correct the app, or its health check: see what a task answers to GET " +
                                           one_line(app.health_path) + ".";
    case TaskCause::kUnproven:
      return "Wait for the first result of its health check.";
    case TaskCause::kUnresolved:
      return "Make the name known to the resolver of the proxies: the leader's answer counts.";
    case TaskCause::kUnplaced:
      return "Correct the app's network or ports.";
  }
  return {};
}

std::map<TaskCause, std::size_t> causes_in(const TaskCounts& counts) {
  std::map<TaskCause, std::size_t> tally;
  for (const TaskCause cause : counts.causes) ++tally[cause];
  return tally;
}

}  // namespace

TaskCause cause_of(const MarathonApp& app, const MarathonTask& task, const Exclusion& refusal,
                   const HealthMemory& memory, const RoutingRules& rules) {
  if (refusal.kind == Exclusion::Kind::kUnresolved) return TaskCause::kUnresolved;
  switch (phase_of(task)) {
    case TaskPhase::kComing:
      return TaskCause::kNotRunning;
    case TaskPhase::kEnding:
      return TaskCause::kEnding;
    case TaskPhase::kUnclear:
      return TaskCause::kUnclear;
    case TaskPhase::kRunning:
      break;
  }
  if (is_unready(app, task, memory, rules)) return TaskCause::kNotReady;
  if (health_of(app, task) == HealthWord::kDead) return TaskCause::kUnhealthy;
  const bool remembered = memory.remembers_alive(task.id);
  if (health_of(app, task) == HealthWord::kNoResult && !remembered) return TaskCause::kUnproven;
  return TaskCause::kUnplaced;
}

void TaskCounts::add(TaskCause cause, const Exclusion& refusal) {
  causes.push_back(cause);
  if (cause == TaskCause::kUnplaced && first_unplaced.empty()) first_unplaced = refusal.reason;
}

bool TaskCounts::some_come() const {
  return std::any_of(causes.begin(), causes.end(), [](TaskCause cause) {
    return cause == TaskCause::kNotRunning || cause == TaskCause::kNotReady || cause == TaskCause::kUnproven;
  });
}

std::string why_no_task(const MarathonApp& app, const TaskCounts& counts) {
  if (app.tasks.empty()) {
    if (app.instances && *app.instances > 0) {
      return "none of its " + std::to_string(*app.instances) + " instances has a task yet";
    }
    return std::string("it has no instances") + (app.instances ? ": it is scaled to 0" : "");
  }
  const auto tally = causes_in(counts);
  if (tally.empty()) return "none of its tasks can be served";
  const std::size_t tasks = counts.causes.size();
  std::string text = tasks == 1 ? "its only task" : "none of its " + std::to_string(tasks) + " tasks";
  const bool unplaced = tally.contains(TaskCause::kUnplaced) && !counts.first_unplaced.empty();
  if (tally.size() == 1) {
    const Phrase phrase = phrase_of(tally.begin()->first);
    text += tasks == 1 ? " is " + std::string(phrase.some) : " " + std::string(phrase.none);
  } else {
    text += " can be served: ";
    for (const auto& [cause, count] : tally) {
      text += (cause == tally.begin()->first ? "" : ", ") + std::to_string(count) + " " +
              std::string(phrase_of(cause).some);
    }
  }
  return unplaced ? text + " (" + counts.first_unplaced + ")" : text;
}

std::vector<std::string> advice_on_tasks(const MarathonApp& app, const TaskCounts& counts) {
  if (app.tasks.empty()) {
    if (app.instances && *app.instances > 0) {
      return {"Look in Marathon's queue (/v2/queue) why no task is launched: no offer may be large enough."};
    }
    return {"Scale the app up."};
  }
  std::vector<std::string> advice;
  for (const auto& [cause, count] : causes_in(counts)) advice.push_back(advice_on(cause, app));
  return advice;
}

}  // namespace chorale::agent
