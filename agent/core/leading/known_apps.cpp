#include "agent/core/leading/known_apps.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "agent/core/leading/task_standing.h"

namespace chorale::agent {
namespace {

// Addresses stand as host ports of a host that is already resolved, and as the container's address too: a task that is
// kept beside a newer definition of its app is placed by that definition.
MarathonApp app_of(const render::App& served) {
  MarathonApp app;
  app.id = served.id;
  app.network = NetworkMode::kHost;
  app.labels = served.labels;
  app.env = served.env;
  app.health_path = served.health_path;
  std::map<std::string, MarathonTask> tasks;
  app.main_port = static_cast<std::size_t>(served.main_port);
  if (!served.ports.empty()) app.ports.resize(static_cast<std::size_t>(served.ports.back().index) + 1);
  for (const render::Port& port : served.ports) {
    const auto index = static_cast<std::size_t>(port.index);
    const std::int32_t asked_port = port.lost_port != 0 ? port.lost_port : port.service_port;
    app.ports[index] = {port.name, port.protocol, asked_port, port.container_port, true, port.labels};
    for (const render::Server& server : port.servers) {
      MarathonTask& task = tasks[server.task_id];
      task.id = server.task_id;
      task.version = server.version;
      task.state = "TASK_RUNNING";
      if (task.host.empty()) {
        task.host = server.host;
        task.ip_addresses = {server.host};
      }
      // A port on another network than the first one comes with the next answer.
      if (task.host != server.host) continue;
      task.ports.resize(app.ports.size());
      task.ports[index] = server.port;
      if (server.health == render::Health::kAlive) {
        app.health_checks = 1;
        task.health = {HealthResult{true}};
      }
    }
  }
  // No list of apps may take away a pod before the pods' own has been heard.
  app.pod = !tasks.empty() &&
            std::all_of(tasks.begin(), tasks.end(), [](const auto& task) { return is_instance_id(task.first); });
  for (auto& [id, task] : tasks) app.tasks.push_back(std::move(task));
  return app;
}

// What could not be read stands as it was, with the reason; one that was never read is its id and the reason.
void keep_unreadable(MarathonApp& answered, const MarathonApp* known) {
  if (!answered.unreadable || known == nullptr) return;
  MarathonApp kept = *known;
  kept.unreadable = std::move(answered.unreadable);
  answered = std::move(kept);
}

bool knows_a_running_task(const MarathonApp& app) {
  return std::any_of(app.tasks.begin(), app.tasks.end(),
                     [](const MarathonTask& task) { return phase_of(task) == TaskPhase::kRunning; });
}

bool shares_a_task(const MarathonApp& known, const MarathonApp& answered) {
  std::unordered_set<std::string_view> ids;
  for (const MarathonTask& task : known.tasks) ids.insert(task.id);
  return std::any_of(answered.tasks.begin(), answered.tasks.end(),
                     [&](const MarathonTask& task) { return ids.contains(task.id); });
}

bool is_silence(const MarathonTask& task) { return phase_of(task) == TaskPhase::kUnclear; }

}  // namespace

void KnownApps::adopt(const render::RoutingState& state) {
  for (const render::App& app : state.apps) apps_[app.id] = app_of(app);
}

const MarathonApp* KnownApps::find(const std::string& app) const {
  const auto found = apps_.find(app);
  return found == apps_.end() ? nullptr : &found->second;
}

bool KnownApps::app_gone(const std::string& app, FetchId last_fetch) {
  gone_apps_[app] = last_fetch;
  ending_.erase(app);
  as_of_.erase(app);
  return apps_.erase(app) > 0;
}

bool KnownApps::task_gone(const std::string& app, const std::string& task, FetchId last_fetch) {
  gone_tasks_[{app, task}] = last_fetch;
  const auto found = apps_.find(app);
  return found != apps_.end() &&
         std::erase_if(found->second.tasks, [&](const MarathonTask& known) { return known.id == task; }) > 0;
}

void KnownApps::task_ends(const std::string& app, const std::string& task, FetchId last_fetch) {
  gone_tasks_[{app, task}] = last_fetch;
  ending_[app].insert(task);
}

void KnownApps::drop_ending(const std::string& app) {
  const auto ending = ending_.extract(app);
  const auto found = apps_.find(app);
  if (ending.empty() || found == apps_.end()) return;
  std::erase_if(found->second.tasks, [&](const MarathonTask& known) { return ending.mapped().contains(known.id); });
}

MarathonApp KnownApps::reconcile(MarathonApp app, FetchId fetch) const {
  keep_unreadable(app, find(app.id));
  std::erase_if(app.tasks, [&](const MarathonTask& task) {
    const auto gone = gone_tasks_.find({app.id, task.id});
    return gone != gone_tasks_.end() && gone->second >= fetch;
  });
  return app;
}

MarathonApps KnownApps::reconcile(MarathonApps list, FetchId fetch) const {
  for (const auto& [id, at] : gone_apps_) {
    if (at >= fetch) list.erase(id);
  }
  for (const auto& [task, at] : gone_tasks_) {
    const auto found = at >= fetch ? list.find(task.first) : list.end();
    if (found == list.end()) continue;
    const std::string& gone = task.second;
    std::erase_if(found->second.tasks, [&gone](const MarathonTask& listed) { return listed.id == gone; });
  }
  for (const auto& [id, at] : as_of_) {
    if (at > fetch) list[id] = apps_.at(id);
  }
  for (auto& [id, app] : list) keep_unreadable(app, find(id));
  return list;
}

bool KnownApps::is_outdated(const std::string& app, FetchId fetch) const {
  const auto as_of = as_of_.find(app);
  const auto gone = gone_apps_.find(app);
  const MarathonApp* known = find(app);
  return fetch < (known != nullptr && known->pod ? pods_as_of_ : list_as_of_) ||
         (as_of != as_of_.end() && as_of->second > fetch) || (gone != gone_apps_.end() && gone->second >= fetch);
}

void KnownApps::replace(MarathonApps list, FetchId fetch) {
  ending_.clear();
  apps_ = std::move(list);
  list_as_of_ = fetch;
  std::erase_if(as_of_, [&](const auto& entry) {  // list_as_of_ covers them, but for pods
    const MarathonApp* app = find(entry.first);
    return app == nullptr || (!app->pod && entry.second <= fetch);
  });
}

void KnownApps::replace(MarathonApp app, FetchId fetch) {
  ending_.erase(app.id);
  as_of_[app.id] = fetch;
  apps_.insert_or_assign(app.id, std::move(app));
}

bool KnownApps::is_foreign(const MarathonApp& app) const {
  const MarathonApp* known = find(app.id);
  return known != nullptr && !app.tasks.empty() && knows_a_running_task(*known) && !shares_a_task(*known, app);
}

bool KnownApps::is_foreign(const MarathonApps& list) const {
  bool runs = false;
  for (const auto& [id, known] : apps_) {
    runs = runs || knows_a_running_task(known);
    if (const auto listed = list.find(id); listed != list.end() && shares_a_task(known, listed->second)) return false;
  }
  return runs;
}

void KnownApps::merge(MarathonApps list, FetchId fetch) {
  while (!ending_.empty()) drop_ending(std::string(ending_.begin()->first));
  if (is_foreign(list)) list.clear();
  for (auto& [id, app] : list) {
    if (is_foreign(app)) {
      app = *find(id);
    } else {
      keep_silent_tasks(app);
    }
  }
  list.merge(apps_);  // adds what the list does not have
  replace(std::move(list), fetch);
}

void KnownApps::merge(MarathonApp app, FetchId fetch) {
  drop_ending(std::string(app.id));
  if (is_foreign(app)) return;
  keep_silent_tasks(app);
  replace(std::move(app), fetch);
}

void KnownApps::keep_silent_tasks(MarathonApp& app) const {
  const MarathonApp* known = find(app.id);
  if (known == nullptr) return;
  for (const MarathonTask& task : known->tasks) {
    if (phase_of(task) != TaskPhase::kRunning) continue;
    const auto same = std::find_if(app.tasks.begin(), app.tasks.end(),
                                   [&](const MarathonTask& answered) { return answered.id == task.id; });
    if (same == app.tasks.end()) {
      app.tasks.push_back(task);
    } else if (is_silence(*same)) {
      *same = task;
    }
  }
}

MarathonApps KnownApps::pods() const {
  MarathonApps pods;
  for (const auto& [id, app] : apps_) {
    if (app.pod) pods.emplace(id, app);
  }
  return pods;
}

MarathonApps KnownApps::reconcile_pods(MarathonApps pods, FetchId fetch) const {
  MarathonApps reconciled = reconcile(std::move(pods), fetch);
  std::erase_if(reconciled, [](const auto& entry) { return !entry.second.pod; });  // newer answers about apps
  return reconciled;
}

void KnownApps::replace_pods(MarathonApps&& pods, FetchId fetch) {
  for (const auto& [id, known] : this->pods()) {
    if (pods.contains(id)) continue;
    apps_.erase(id);
    as_of_.erase(id);
  }
  for (auto& [id, pod] : pods) replace(std::move(pod), fetch);
  pods_are_as_of(fetch);
}

void KnownApps::merge_pods(MarathonApps&& pods, FetchId fetch) {
  for (auto& [id, pod] : pods) merge(std::move(pod), fetch);
}

void KnownApps::pods_are_as_of(FetchId fetch) {
  pods_as_of_ = fetch;
  std::erase_if(as_of_, [&](const auto& entry) { return entry.second <= fetch && apps_.at(entry.first).pod; });
}

void KnownApps::forget_before(FetchId oldest_in_flight) {
  std::erase_if(gone_apps_, [&](const auto& entry) { return entry.second < oldest_in_flight; });
  std::erase_if(gone_tasks_, [&](const auto& entry) { return entry.second < oldest_in_flight; });
}

}  // namespace chorale::agent
