// The life of tasks: launched, running, healthy, killed, replaced.
#include <algorithm>
#include <cstddef>
#include <utility>

#include "tests/marathon_simulator/clock.h"
#include "tests/marathon_simulator/simulated_marathon.h"

namespace chorale::marathon_simulator {
namespace {

bool ready(const Task& task) {
  if (task.state != TaskState::kRunning) return false;
  if (task.health_checks.empty()) return true;
  if (task.health.empty()) return false;
  return std::all_of(task.health.begin(), task.health.end(), [](const HealthResult& result) { return result.alive; });
}

}  // namespace

// Makes the tasks what the definition asks for, and ends the deployment when they are.
void SimulatedMarathon::settle(const AppPtr& app) {
  const std::size_t wanted = app->destroyed ? 0 : static_cast<std::size_t>(app->spec.instances);
  std::vector<TaskPtr> current;
  std::vector<TaskPtr> outdated;
  std::size_t ready_count = 0;
  for (const auto& task : app->tasks) {
    if (task->dying) continue;
    (task->version < app->config_version ? outdated : current).push_back(task);
    if (task->version >= app->config_version && ready(*task)) ++ready_count;
  }
  while (current.size() > wanted) {  // YOUNGEST_FIRST; what is not ready goes before what is
    auto victim = std::find_if(current.rbegin(), current.rend(), [](const TaskPtr& task) { return !ready(*task); });
    if (victim == current.rend()) victim = current.rbegin();
    const TaskPtr task = *victim;
    if (ready(*task)) --ready_count;
    current.erase(std::next(victim).base());
    begin_kill(app, task, {});
  }
  replace_outdated(app, outdated, ready_count);
  for (std::size_t count = current.size(); count < wanted; ++count) launch(app);

  const bool settled = app->tasks.size() == wanted && ready_count == wanted;
  if (settled && !app->deployment.empty()) finish_deployment(app);
}

// A rolling replacement with minimumHealthCapacity 1: an old task goes when a new one can stand in for it.
void SimulatedMarathon::replace_outdated(const AppPtr& app, std::vector<TaskPtr>& outdated, std::size_t ready_count) {
  const std::size_t wanted = app->destroyed ? 0 : static_cast<std::size_t>(app->spec.instances);
  while (!outdated.empty() && outdated.size() + ready_count > wanted) {
    const TaskPtr task = outdated.back();
    outdated.pop_back();
    begin_kill(app, task, {});
  }
}

SimulatedMarathon::TaskPtr SimulatedMarathon::new_task(const App& app) {
  auto task = std::make_shared<Task>();
  const std::string safe = safe_app_id(app.spec.id);
  const std::string uuid = new_uuid();
  const bool modern = options_.version >= kGoalChanges;
  task->instance_id = safe + (modern || app.spec.pod ? ".instance-" : ".marathon-") + uuid;
  task->id = modern ? task->instance_id + "._app.1" : safe + "." + uuid;
  if (app.spec.pod) task->id = task->instance_id;
  task->containers = app.spec.containers;
  task->port_specs = app.spec.ports;
  task->app_id = app.spec.id;
  task->version = app.version;
  task->health_checks = app.spec.health_checks;
  task->staged_at = iso_now();
  const std::size_t slave = next_slave_++ % options_.slaves.size();
  task->slave = options_.slaves[slave];
  task->slave_id = "5e2d7a60-0000-4000-8000-000000000000-S" + std::to_string(slave);
  return task;
}

void SimulatedMarathon::launch(const AppPtr& app) {
  const auto task = new_task(*app);
  if (options_.version >= kGoalChanges) {
    Task scheduled = *task;
    scheduled.slave_id.clear();  // no offer was accepted yet
    tell_instance(scheduled, "Scheduled");
  }
  if (!processes_.start(*task, app->spec)) {
    processes_.stop(*task);
    task->state = TaskState::kFailed;
    tell_state(*task, "the process could not be started");
    after_(std::chrono::seconds(1), [this, app] { settle(app); });
    return;
  }
  app->tasks.push_back(task);
  task_apps_[task->id] = app->spec.id;
  touch(*app);
  tell_instance(*task, options_.version >= kGoalChanges ? "Provisioned" : "Created");
  after_(options_.step_delay, [this, app, task] { advance(app, task, TaskState::kStaging); });
}

void SimulatedMarathon::advance(const AppPtr& app, const TaskPtr& task, TaskState state) {
  if (task->dying || task->gone) return;
  task->state = state;
  if (state == TaskState::kRunning) task->started_at = iso_now();
  touch(*app);
  tell_state(*task, "");
  if (state == TaskState::kRunning) {
    if (!task->health_checks.empty()) {
      after_(options_.health_delay, [this, app, task] { first_health(app, task); });
    }
    settle(app);
    return;
  }
  const auto next = state == TaskState::kStaging ? TaskState::kStarting : TaskState::kRunning;
  after_(options_.step_delay, [this, app, task, next] { advance(app, task, next); });
}

void SimulatedMarathon::first_health(const AppPtr& app, const TaskPtr& task) {
  if (task->gone || !task->health.empty() || task->state != TaskState::kRunning) return;
  const auto now = iso_now();
  for (std::size_t i = 0; i < task->health_checks.size(); ++i) task->health.push_back({true, 0, now, now, ""});
  touch(*app);
  tell_health(*task, true);
  settle(app);
}

bool SimulatedMarathon::kill(const std::string& task_id, const Kill& how) {
  const auto [app, task] = locate(task_id);
  if (!task || task->dying) return false;
  changes_({"kill", app->spec.id, task_id, how.abrupt ? "abrupt" : "graceful"});
  if (how.scale && app->spec.instances > 0) {
    --app->spec.instances;
    app->spec.definition = with_instances(app->spec.definition, app->spec.instances);
    app->version = app->last_scaling_at = next_version();
    begin_deployment(*app, "ScaleApplication", 1);
    store_root(*app, nullptr);
  }
  begin_kill(app, task, how);
  settle(app);
  return true;
}

void SimulatedMarathon::begin_kill(const AppPtr& app, const TaskPtr& task, const Kill& how) {
  task->dying = true;
  touch(*app);
  if (how.abrupt) {
    end_task(app, task, how.end);
    return;
  }
  if (options_.version >= kGoalChanges) tell_instance(*task, condition_name(task->state));
  const bool serving = task->state == TaskState::kRunning;
  if (options_.task_killing) {
    task->state = TaskState::kKilling;
    touch(*app);
    tell_state(*task, "");
  }
  const auto drain = serving ? how.drain.value_or(options_.drain) : std::chrono::milliseconds(0);
  after_(drain, [this, app, task, end = how.end] {
    if (task->gone) return;
    end_task(app, task, end);
    settle(app);
  });
}

// The process ends, then the model changes, then the event leaves.
void SimulatedMarathon::end_task(const AppPtr& app, const TaskPtr& task, TaskState state) {
  processes_.stop(*task);
  task->dying = true;
  task->gone = true;
  task->state = state;
  app->tasks.erase(std::remove(app->tasks.begin(), app->tasks.end(), task), app->tasks.end());
  task_apps_.erase(task->id);
  touch(*app);
  tell_state(*task, state == TaskState::kKilled ? "Command terminated with signal Terminated" : "Command exited");
}

bool SimulatedMarathon::set_state(const std::string& task_id, TaskState state) {
  const auto [app, task] = locate(task_id);
  if (!task) return false;
  if (is_terminal(state)) {
    end_task(app, task, state);
    settle(app);
    return true;
  }
  task->state = state;
  touch(*app);
  tell_state(*task, "");
  return true;
}

bool SimulatedMarathon::set_health(const std::string& task_id, bool alive, bool then_kill) {
  const auto [app, task] = locate(task_id);
  if (!task || task->health_checks.empty()) return false;
  const bool was_known = !task->health.empty();
  const bool was_alive = was_known && ready(*task);
  const auto now = iso_now();
  task->health.resize(task->health_checks.size());
  for (auto& result : task->health) {
    result.alive = alive;
    result.consecutive_failures = alive ? 0 : result.consecutive_failures + 1;
    (alive ? result.last_success : result.last_failure) = now;
    if (alive && result.first_success.empty()) result.first_success = now;
  }
  touch(*app);
  if (!alive && !app->spec.pod) tell(events_.failed_health_check(*task));
  if (!was_known || was_alive != alive) tell_health(*task, alive);
  if (!alive && then_kill) {
    tell(events_.unhealthy_kill(*task));
    begin_kill(app, task, {});
  }
  settle(app);
  return true;
}

void SimulatedMarathon::lose_health_results() {
  for (const auto& [id, app] : apps_) {
    if (app->spec.pod) continue;  // Mesos itself checks them
    for (const auto& task : app->tasks) task->health.clear();
    touch(*app);
  }
  changes_({"lose_health_results", "", "", ""});
}

SimulatedMarathon::Located SimulatedMarathon::locate(const std::string& task_id) const {
  const auto entry = task_apps_.find(task_id);
  if (entry == task_apps_.end()) return {};
  const auto app = apps_.find(entry->second);
  if (app == apps_.end()) return {};
  for (const auto& task : app->second->tasks) {
    if (task->id == task_id) return {app->second, task};
  }
  return {};
}

void SimulatedMarathon::tell_state(const Task& task, const std::string& message) {
  changes_({"task", task.app_id, task.id, mesos_name(task.state)});
  if (task.containers.empty()) tell(events_.status_update(task, message));
  for (const PodContainer& container : task.containers) {
    Task one = task;
    one.id = task.instance_id + "." + container.name + (options_.version >= kGoalChanges ? ".1" : "");
    tell(events_.status_update(one, message));
  }
  tell_instance(task, condition_name(task.state));
}

void SimulatedMarathon::tell_instance(const Task& task, const std::string& condition) {
  if (options_.version >= kInstances) tell(events_.instance_changed(task, condition));
}

void SimulatedMarathon::tell_health(const Task& task, bool alive) {
  changes_({"health", task.app_id, task.id, alive ? "alive" : "dead"});
  tell(events_.health_status_changed(task, alive));
  if (options_.version >= kInstances) tell(events_.instance_health_changed(task, alive));
}

}  // namespace chorale::marathon_simulator
