#include "agent/core/leading/guard.h"

#include <algorithm>

#include "agent/core/leading/task_standing.h"
#include "coordination/digest.h"
#include "coordination/documents.h"

namespace chorale::agent {
void Guard::rebase(const render::RoutingState& served) {
  baseline_.clear();
  for (const render::App& app : served.apps) {
    if (app.servers().empty()) continue;  // it has none to lose
    std::set<std::string>& tasks = baseline_[app.id];
    for (const render::Server& server : app.servers()) tasks.insert(server.task_id);
  }
}

void Guard::app_gone(const std::string& app) { baseline_.erase(app); }

void Guard::task_gone(const std::string& app, const std::string& task) {
  const auto found = baseline_.find(app);
  if (found == baseline_.end()) return;
  found->second.erase(task);
  if (found->second.empty()) baseline_.erase(found);
}

bool Guard::Tally::at_least(double share) const {
  return static_cast<double>(apps_now) >= share * static_cast<double>(apps_before) &&
         static_cast<double>(servers_now) >= share * static_cast<double>(servers_before);
}

void Guard::count(Tally& tally, const std::string& id, const std::set<std::string>& tasks,
                  const MarathonApp* app) const {
  std::size_t expected = tasks.size();
  std::size_t serving = 0;
  if (app != nullptr) {
    for (const MarathonTask& task : app->tasks) {
      const TaskWord word = word_on(*app, task);
      if (word == TaskWord::kServes || word == TaskWord::kUnproven) ++serving;
      if (word == TaskWord::kNone && keep_unreachable_ && tasks.contains(task.id)) ++serving;
      if (word == TaskWord::kGone && tasks.contains(task.id)) --expected;
    }
  }
  if (expected == 0) return;  // Marathon said of every one that it is gone
  serving = std::min(serving, expected);
  ++tally.apps_before;
  if (serving > 0) ++tally.apps_now;
  tally.servers_before += expected;
  tally.servers_now += serving;
  if (serving < expected) tally.losses += id + " " + std::to_string(serving) + "/" + std::to_string(expected) + "\n";
}

Guard::Verdict Guard::judge(const MarathonApps& list, TimePoint now) {
  Tally tally;
  believed_loss_ = false;
  for (const auto& [id, tasks] : baseline_) {
    const auto found = list.find(id);
    count(tally, id, tasks, found == list.end() ? nullptr : &found->second);
  }
  if (tally.at_least(shrink_limit_)) {
    held_back_.reset();
    accepted_.clear();  // the word was for that loss, not for the next one like it
    return Verdict::kPass;
  }
  const std::string digest = coordination::sha256_hex(tally.losses).substr(0, coordination::kLossDigits);
  if (digest == accepted_) {
    passed_by_word_ = true;
    return pass_for_good(list);
  }
  if (!held_back_ || held_back_->digest != digest) held_back_ = HeldBack{digest, "", false, 0, now};
  ++held_back_->seen;
  held_back_->passes_by_repetition = !list.empty() && tally.at_least(kNeverByRepetition);
  held_back_->reason = "lists " + std::to_string(tally.apps_now) + " of " + std::to_string(tally.apps_before) +
                       " apps, " + std::to_string(tally.servers_now) + " of " + std::to_string(tally.servers_before) +
                       " servers that are served";
  if (held_back_->passes_by_repetition && held_back_->seen >= kEqualLosses && now - held_back_->since >= kEqualFor) {
    return pass_for_good(list);
  }
  return Verdict::kHold;
}

bool Guard::accept(const std::string& digest) {
  if (!held_back_ || held_back_->digest != digest) return false;
  accepted_ = digest;
  return true;
}

Guard::Verdict Guard::judge(const MarathonApp& app) const { return judge({{app.id, app}}, {app.id}); }

Guard::Verdict Guard::judge(const MarathonApps& answered, const std::set<std::string>& asked) const {
  Tally tally;
  bool concerned = false;
  for (const auto& [id, tasks] : baseline_) {
    const auto found = answered.find(id);
    if (found != answered.end() || asked.contains(id)) {
      count(tally, id, tasks, found == answered.end() ? nullptr : &found->second);
      concerned = true;
      continue;
    }
    ++tally.apps_before;
    ++tally.apps_now;
    tally.servers_before += tasks.size();
    tally.servers_now += tasks.size();
  }
  return !concerned || tally.at_least(shrink_limit_) ? Verdict::kPass : Verdict::kHold;
}

// The loss is decided: until it is committed, the next answer must not be held back for it again.
Guard::Verdict Guard::pass_for_good(const MarathonApps& list) {
  held_back_.reset();
  accepted_.clear();
  believed_loss_ = true;
  for (auto entry = baseline_.begin(); entry != baseline_.end();) {
    const auto found = list.find(entry->first);
    std::erase_if(entry->second, [&](const std::string& id) {
      if (found == list.end()) return true;
      const auto& tasks = found->second.tasks;
      return std::none_of(tasks.begin(), tasks.end(), [&](const MarathonTask& task) { return task.id == id; });
    });
    entry = entry->second.empty() ? baseline_.erase(entry) : std::next(entry);
  }
  return Verdict::kPass;
}

}  // namespace chorale::agent
