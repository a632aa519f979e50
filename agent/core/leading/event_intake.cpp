#include "agent/core/leading/event_intake.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/base/one_line.h"
#include "agent/core/leading/routes_servers.h"
#include "agent/core/leading/task_standing.h"

namespace chorale::agent {
namespace {

constexpr Milliseconds kAfterEdit{250};     // task events of the same change make this fetch unnecessary
constexpr Milliseconds kAfterTaskEnd{250};  // likewise app_terminated_event, or the task that replaces this one
constexpr Milliseconds kAfterGroupEdit{1'000};
constexpr Milliseconds kBetweenDeployments{500};
constexpr const char* kGroupEdited = "group_change_success";
// Marathon up to 1.4 keeps 50 events for a stream (--event_stream_max_outstanding_messages) and drops the rest without
// a word; what is written so fast was perhaps not all.
constexpr std::size_t kMarathonsBuffer = 50;
constexpr Milliseconds kBurst{250};
constexpr Milliseconds kAfterBurst{1'000};
constexpr Milliseconds kLongestBurst{10'000};
constexpr const char* kBurstMayBeCut = "a burst of events that Marathon may have cut";

Cause cause_of(const MarathonEvent& event, TimePoint now) {
  std::string cause = one_line(event.type, 60);
  if (!event.app.empty()) cause += " " + one_line(event.app);
  if (!event.state.empty()) cause += " " + one_line(event.state, 40);
  if (event.alive) cause += *event.alive ? " alive" : " not alive";
  return {std::move(cause), now};
}

bool is_up_word(Meaning meaning) { return meaning == Meaning::kTaskRuns || meaning == Meaning::kTaskAlive; }

std::vector<const MarathonTask*> tasks_meant(const MarathonApp* app, const std::string& id) {
  std::vector<const MarathonTask*> meant;
  if (app == nullptr) return meant;
  for (const MarathonTask& task : app->tasks) {
    // An instance of a pod stands for its containers.
    if (is_meant(id, task.id) || (app->pod && is_meant(task.id, id))) meant.push_back(&task);
  }
  return meant;
}

}  // namespace

// One list when it is over; while it goes on, one every 10 s.
void EventIntake::notice_burst() {
  heard_at_.push_back(context_.now);
  if (heard_at_.size() > kMarathonsBuffer) heard_at_.pop_front();
  const bool is_burst = heard_at_.size() == kMarathonsBuffer && context_.now - heard_at_.front() <= kBurst;
  if (!is_burst) return;
  if (context_.now >= burst_over_at_ || context_.now >= burst_began_at_ + kLongestBurst) burst_began_at_ = context_.now;
  burst_over_at_ = context_.now + kAfterBurst;
  context_.table.no_list_for(kBurstMayBeCut);
  context_.table.want_list(kBurstMayBeCut, std::min(burst_over_at_, burst_began_at_ + kLongestBurst));
}

void EventIntake::hear(const MarathonEvent& event) {
  notice_burst();
  // An event that names an app of the changed group speaks for the group; those of its other apps follow.
  if (!event.app.empty()) context_.table.no_list_for(kGroupEdited);
  const MarathonApp* known = context_.known.find(event.app);
  switch (const Meaning meaning = known != nullptr && known->pod ? meaning_for_pod(event) : meaning_of(event)) {
    case Meaning::kNothing:
      break;
    case Meaning::kTaskRuns:
    case Meaning::kTaskUnclear:
    case Meaning::kTaskAlive:
    case Meaning::kTaskDead:
      task_changed(event, meaning);
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
    case Meaning::kPodEdited:
      pod_edited(event);
      break;
    case Meaning::kUnreadable:
      context_.table.want_list(event.type + " event", context_.now + kAfterGroupEdit);
      break;
    case Meaning::kDeployed:
      deployed();
      break;
  }
}

bool EventIntake::agrees(const std::string& app, const std::string& task, Meaning meaning) const {
  const MarathonApp* known = context_.known.find(app);
  if (known != nullptr && !belongs_to_realm(*known, context_.options.policy.realm)) return true;  // never served here
  const RoutingRules& rules = context_.options.policy;
  if (meaning == Meaning::kTaskUnclear && rules.keep_unreachable) return true;  // it stays as it is
  const auto meant = tasks_meant(known, task);
  const bool up = std::any_of(meant.begin(), meant.end(),
                              [&](const MarathonTask* one) { return is_up(*known, *one, context_.memory, rules); });
  return up == is_up_word(meaning);
}

void EventIntake::task_changed(const MarathonEvent& event, Meaning meaning) {
  const Cause cause = cause_of(event, context_.now);
  context_.table.hear({event.app, event.task, meaning, cause});
  if (agrees(event.app, event.task, meaning)) return;
  if (is_up_word(meaning)) coming_.insert(event.app);
  // While the app is being fetched its answer decides whether another fetch is needed.
  if (!context_.table.in_flight(event.app)) context_.table.want_app(event.app, cause, context_.now);
}

bool EventIntake::tasks_come(const std::string& app) const {
  return coming_.contains(app) && context_.table.expects_answer(app);
}

// The fast path: a task that ends is dropped at once, the fetch that follows only confirms it. But where others of its
// app have come up and Marathon is being asked for them, it stays until the answer: a deployment ends its old tasks in
// the moment in which the new ones are well, and without either nothing would serve the app.
void EventIntake::task_ended(const MarathonEvent& event) {
  const Cause cause = cause_of(event, context_.now);
  context_.table.hear({event.app, event.task, Meaning::kTaskEnds, cause});
  std::vector<std::string> ended = {event.task};
  bool was_up = false;
  const MarathonApp* app = context_.known.find(event.app);
  for (const MarathonTask* task : tasks_meant(app, event.task)) {
    was_up = was_up || is_up(*app, *task, context_.memory, context_.options.policy);
    ended.push_back(task->id);
  }
  const bool waits = tasks_come(event.app);
  for (const std::string& task : ended) {
    context_.guard.task_gone(event.app, task);
    if (waits) {
      context_.known.task_ends(event.app, task, context_.table.last_id());
    } else {
      context_.known.task_gone(event.app, task, context_.table.last_id());
    }
  }
  if (!was_up) return;
  if (!waits) context_.offers.changed(cause, false, context_.now);
  context_.table.want_app_by(event.app, cause, context_.now + kAfterTaskEnd);
}

void EventIntake::drop_what_waits_in_vain() {
  std::vector<std::string> apps;
  for (const auto& [app, tasks] : context_.known.ending()) {
    if (!tasks_come(app)) apps.push_back(app);
  }
  for (const std::string& app : apps) {
    context_.known.drop_ending(app);
    context_.offers.changed("tasks of " + one_line(app) + " that have ended", false, context_.now);
  }
}

void EventIntake::app_edited(const MarathonEvent& event) {
  last_edit_at_ = context_.now;
  // An app that we do not know has no task yet; its first RUNNING asks for it.
  if (context_.known.find(event.app) != nullptr) {
    context_.table.want_app_by(event.app, cause_of(event, context_.now), context_.now + kAfterEdit);
  }
}

void EventIntake::app_ended(const MarathonEvent& event) {
  coming_.erase(event.app);
  context_.guard.app_gone(event.app);
  context_.table.forget_app(event.app);
  context_.table.no_list_for("404 for " + event.app);
  if (context_.known.app_gone(event.app, context_.table.last_id())) {
    context_.offers.changed(cause_of(event, context_.now), false, context_.now);
  }
}

// Comes before or after the api_post_event of a single app's change, and alone after a change of a whole group.
void EventIntake::group_edited() {
  if (last_edit_at_ != TimePoint::min() && context_.now - last_edit_at_ < kAfterGroupEdit) return;
  context_.table.want_list(kGroupEdited, context_.now + kAfterGroupEdit);
}

// Names no pod. The change of its group comes with it.
void EventIntake::pod_edited(const MarathonEvent& event) {
  last_edit_at_ = context_.now;
  context_.table.no_list_for(kGroupEdited);
  context_.table.want_pods(cause_of(event, context_.now), context_.now + kAfterEdit);
}

// The last event of a deployment: nothing more of its burst is on the way. Where deployments end one after another,
// their bursts are left to gather; every end would otherwise cost a fetch of all that is still under way.
void EventIntake::deployed() {
  want_unready_apps();
  context_.table.hurry_apps(context_.now);
  if (deployed_at_ != TimePoint::min() && context_.now - deployed_at_ < kBetweenDeployments) return;
  deployed_at_ = context_.now;
  context_.table.end_bursts(context_.now);
  context_.offers.end_burst(context_.now);
}

// No event says that a task has become ready, but its deployment waits for it.
void EventIntake::want_unready_apps() {
  const RoutingRules& rules = context_.options.policy;
  if (!rules.respect_readiness) return;
  for (const auto& [id, app] : context_.known.apps()) {
    const bool waits = std::any_of(app.tasks.begin(), app.tasks.end(), [&, &app = app](const MarathonTask& task) {
      return is_unready(app, task, context_.memory, rules);
    });
    if (waits) context_.table.want_app(id, "the end of its deployment", context_.now);
  }
}

void EventIntake::compare_claims(const Fetch& fetch) {
  if (fetch.is_list()) {
    coming_.clear();
  } else {
    coming_.erase(fetch.app);
  }
  for (const Claim& claim : context_.table.take_claims(fetch)) {
    const auto meant = tasks_meant(context_.known.find(claim.app), claim.task);
    const bool runs = std::any_of(meant.begin(), meant.end(),
                                  [](const MarathonTask* task) { return phase_of(*task) == TaskPhase::kRunning; });
    const bool shown = claim.meaning == Meaning::kTaskRuns ? runs : agrees(claim.app, claim.task, claim.meaning);
    if (shown) continue;
    if (is_up_word(claim.meaning)) coming_.insert(claim.app);
    context_.table.want_app(claim.app, claim.cause, context_.now);
  }
}

}  // namespace chorale::agent
