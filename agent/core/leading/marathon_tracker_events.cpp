#include <algorithm>

#include "agent/base/one_line.h"
#include "agent/core/leading/marathon_tracker_parts.h"
#include "agent/core/leading/routes_servers.h"
#include "agent/core/leading/task_standing.h"

namespace chorale::agent {
namespace {

constexpr Milliseconds kAfterEdit{250};     // task events of the same change make this fetch unnecessary
constexpr Milliseconds kAfterTaskEnd{250};  // likewise app_terminated_event, or the task that replaces this one
constexpr Milliseconds kAfterGroupEdit{1'000};
constexpr Milliseconds kBetweenDeployments{500};
constexpr const char* kGroupEdited = "group_change_success";

std::string cause_of(const MarathonEvent& event) {
  std::string cause = one_line(event.type, 60);
  if (!event.app.empty()) cause += " " + one_line(event.app);
  if (!event.state.empty()) cause += " " + one_line(event.state, 40);
  if (event.alive) cause += *event.alive ? " alive" : " not alive";
  return cause;
}

}  // namespace

void MarathonTracker::Parts::hear(const MarathonEvent& event) {
  // An event that names an app of the changed group speaks for the group; those of its other apps follow.
  if (!event.app.empty()) table_.no_list_for(kGroupEdited);
  switch (const Meaning meaning = meaning_of(event)) {
    case Meaning::kNothing:
      break;
    case Meaning::kTaskRuns:
    case Meaning::kTaskUnclear:
    case Meaning::kTaskAlive:
    case Meaning::kTaskDead:
      task_word(event, meaning);
      break;
    case Meaning::kTaskEnds:
      task_ended(event);
      break;
    case Meaning::kAppEdited:
      app_edited(event);
      break;
    case Meaning::kAppEnded:
      app_ended(event);
      break;
    case Meaning::kGroupEdited:
      group_edited();
      break;
    case Meaning::kUnreadable:
      table_.want_list(event.type + " event", now_ + kAfterGroupEdit);
      break;
    case Meaning::kDeployed:
      deployed();
      break;
  }
}

std::vector<const MarathonTask*> MarathonTracker::Parts::tasks_meant(const std::string& app,
                                                                     const std::string& id) const {
  std::vector<const MarathonTask*> meant;
  if (const MarathonApp* known = known_.find(app)) {
    for (const MarathonTask& task : known->tasks) {
      if (is_meant(id, task.id)) meant.push_back(&task);
    }
  }
  return meant;
}

// Is what an event says of a task already what we believe?
bool MarathonTracker::Parts::agrees(const std::string& app, const std::string& task, Meaning meaning) const {
  const MarathonApp* known = known_.find(app);
  if (known != nullptr && !belongs_to_realm(*known, options_.policy.realm)) return true;  // none of our business
  const auto meant = tasks_meant(app, task);
  const bool up =
      std::any_of(meant.begin(), meant.end(), [&](const MarathonTask* one) { return is_up(*known, *one, memory_); });
  return up == (meaning == Meaning::kTaskRuns || meaning == Meaning::kTaskAlive);
}

void MarathonTracker::Parts::task_word(const MarathonEvent& event, Meaning meaning) {
  const std::string cause = cause_of(event);
  table_.hear({event.app, event.task, meaning, cause});
  // While the app is being fetched its answer decides whether another fetch is needed.
  if (!table_.in_flight(event.app) && !agrees(event.app, event.task, meaning)) table_.want_app(event.app, cause, now_);
}

// The fast path: a task that ends is dropped at once, the fetch that follows only confirms it.
void MarathonTracker::Parts::task_ended(const MarathonEvent& event) {
  const std::string cause = cause_of(event);
  table_.hear({event.app, event.task, Meaning::kTaskEnds, cause});
  std::vector<std::string> ended = {event.task};
  bool was_up = false;
  for (const MarathonTask* task : tasks_meant(event.app, event.task)) {
    was_up = was_up || is_up(*known_.find(event.app), *task, memory_);
    ended.push_back(task->id);
  }
  for (const std::string& task : ended) {
    guard_.task_gone(event.app, task);
    known_.task_gone(event.app, task, table_.last_id());
  }
  known_.forget_before(table_.oldest_in_flight());
  if (!was_up) return;
  offers_.changed(cause, false, now_);
  table_.want_app_by(event.app, cause, now_ + kAfterTaskEnd);
}

void MarathonTracker::Parts::app_edited(const MarathonEvent& event) {
  last_edit_at_ = now_;
  // An app that we do not know has no task yet; its first RUNNING asks for it.
  if (known_.find(event.app) != nullptr) table_.want_app_by(event.app, cause_of(event), now_ + kAfterEdit);
}

void MarathonTracker::Parts::app_ended(const MarathonEvent& event) {
  guard_.app_gone(event.app);
  table_.forget_app(event.app);
  table_.no_list_for("404 for " + event.app);
  if (known_.app_gone(event.app, table_.last_id())) {
    offers_.changed(cause_of(event), false, now_);
  }
  known_.forget_before(table_.oldest_in_flight());
}

// Comes before or after the api_post_event of a single app's change, and alone after a change of a whole group.
void MarathonTracker::Parts::group_edited() {
  if (last_edit_at_ != TimePoint::min() && now_ - last_edit_at_ < kAfterGroupEdit) return;
  table_.want_list(kGroupEdited, now_ + kAfterGroupEdit);
}

// The last event of a deployment: nothing more of its burst is on the way. Where deployments end one after another,
// their bursts are left to gather; every end would otherwise cost a fetch of whatever else is under way.
void MarathonTracker::Parts::deployed() {
  table_.hurry_apps(now_);
  if (deployed_at_ != TimePoint::min() && now_ - deployed_at_ < kBetweenDeployments) return;
  deployed_at_ = now_;
  table_.end_bursts(now_);
  offers_.end_burst(now_);
}

}  // namespace chorale::agent
