#include "tests/marathon_simulator/simulated_marathon.h"

#include <algorithm>
#include <utility>

#include "tests/marathon_simulator/clock.h"
#include "tests/marathon_simulator/pod_spec.h"

namespace chorale::marathon_simulator {
namespace {

std::string padded(int number) {
  std::string digits = std::to_string(number);
  return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
}

std::string sample_definition(const std::string& name, int tasks) {
  return R"({"id":"/)" + name + R"(","cmd":"serve","instances":)" + std::to_string(tasks) +
         R"(,"labels":{"subdomain":")" + name +
         R"("},"healthChecks":[{"protocol":"HTTP","path":"/health","portIndex":0,"gracePeriodSeconds":30,)" +
         R"("intervalSeconds":5,"timeoutSeconds":2}]})";
}

}  // namespace

SimulatedMarathon::SimulatedMarathon(const Options& options, After after, Processes& processes, EventSink events,
                                     ChangeSink changes)
    : options_(options),
      after_(std::move(after)),
      processes_(processes),
      events_sink_(std::move(events)),
      changes_(std::move(changes)),
      events_(options.version, options.group_bytes),
      random_(std::random_device{}()) {}

tl::expected<void, std::string> SimulatedMarathon::populate(int apps, int tasks, Processes& processes) {
  const auto service_port = [this] { return next_service_port_++; };
  for (int number = 1; number <= apps; ++number) {
    auto spec = read_app_spec(sample_definition("app-" + padded(number), tasks), "", service_port);
    if (!spec) return tl::make_unexpected("app-" + padded(number) + ": " + spec.error().message);
    auto app = std::make_shared<App>();
    app->spec = std::move(*spec);
    app->version = app->config_version = app->last_scaling_at = next_version();
    for (int i = 0; i < tasks; ++i) {
      auto task = new_task(*app);
      if (!processes.start(*task, app->spec)) {
        return tl::make_unexpected("task " + std::to_string(i + 1) + " of " + app->spec.id + " cannot be started on " +
                                   task->slave.address);
      }
      task->state = TaskState::kRunning;
      task->started_at = iso_now();
      for (std::size_t check = 0; check < task->health_checks.size(); ++check) {
        task->health.push_back({true, 0, task->started_at, task->started_at, ""});
      }
      app->tasks.push_back(task);
      task_apps_[task->id] = app->spec.id;
    }
    touch(*app);
    apps_[app->spec.id] = std::move(app);
  }
  return {};
}

SimulatedMarathon::Result SimulatedMarathon::create(const std::string& definition, const std::string& id,
                                                    const Origin& origin, bool pod) {
  auto spec = read_spec(definition, id, pod);
  if (!spec) return tl::make_unexpected(spec.error());
  if (apps_.count(spec->id) != 0) {
    return tl::make_unexpected(SpecError{409, "An app with id [" + spec->id + "] already exists."});
  }
  auto app = std::make_shared<App>();
  app->spec = std::move(*spec);
  app->version = app->config_version = app->last_scaling_at = next_version();
  changes_({"create", app->spec.id, "", ""});
  begin_deployment(*app, "StartApplication", 2);
  apps_[app->spec.id] = app;
  store_root(*app, &origin);
  if (!pod) {
    for (const auto& check : app->spec.health_checks) tell(events_.add_health_check(*app, check));
  }
  next_step(*app, "ScaleApplication");
  const std::string deployment = app->deployment;
  settle(app);
  return deployment;
}

SimulatedMarathon::Result SimulatedMarathon::update(const std::string& id, const std::string& change,
                                                    const Origin& origin, bool force) {
  if (apps_.count(id) == 0) return create(change, id, origin);
  auto app = editable(id, force);
  if (!app) return tl::make_unexpected(app.error());
  auto merged = merge_definitions((*app)->spec.definition, change);
  if (!merged) return tl::make_unexpected(merged.error());
  auto spec = read_spec(*merged, id, (*app)->spec.pod);
  if (!spec) return tl::make_unexpected(spec.error());
  if (only_instances_differ(spec->definition, (*app)->spec.definition)) {
    return scale(id, spec->instances, origin, force);
  }
  const auto old_checks = (*app)->spec.health_checks;
  (*app)->spec = std::move(*spec);
  (*app)->version = (*app)->config_version = (*app)->last_config_change_at = next_version();
  changes_({"update", id, "", ""});
  begin_deployment(**app, "RestartApplication", 1);
  store_root(**app, &origin);
  if (!(*app)->spec.pod) {
    if (!old_checks.empty()) tell(events_.remove_health_check(id));
    for (const auto& check : (*app)->spec.health_checks) tell(events_.add_health_check(**app, check));
  }
  const std::string deployment = (*app)->deployment;
  settle(*app);
  return deployment;
}

SimulatedMarathon::Result SimulatedMarathon::scale(const std::string& id, int instances, const Origin& origin,
                                                   bool force) {
  auto app = editable(id, force);
  if (!app) return tl::make_unexpected(app.error());
  if (instances < 0) return tl::make_unexpected(SpecError{422, "Object is not valid: instances"});
  (*app)->spec.instances = instances;
  (*app)->spec.definition = with_instances((*app)->spec.definition, instances);
  (*app)->version = (*app)->last_scaling_at = next_version();
  changes_({"scale", id, "", std::to_string(instances)});
  begin_deployment(**app, "ScaleApplication", 1);
  store_root(**app, &origin);
  const std::string deployment = (*app)->deployment;
  settle(*app);
  return deployment;
}

SimulatedMarathon::Result SimulatedMarathon::restart(const std::string& id, bool force) {
  auto app = editable(id, force);
  if (!app) return tl::make_unexpected(app.error());
  (*app)->version = (*app)->config_version = (*app)->last_config_change_at = next_version();
  changes_({"restart", id, "", ""});
  begin_deployment(**app, "RestartApplication", 1);
  store_root(**app, nullptr);
  const std::string deployment = (*app)->deployment;
  settle(*app);
  return deployment;
}

SimulatedMarathon::Result SimulatedMarathon::destroy(const std::string& id, bool force) {
  auto found = editable(id, force);
  if (!found) return tl::make_unexpected(found.error());
  const AppPtr app = *found;
  app->version = next_version();
  changes_({"destroy", id, "", ""});
  begin_deployment(*app, "StopApplication", 1);
  app->destroyed = true;
  apps_.erase(id);
  for (const auto& task : app->tasks) task_apps_.erase(task->id);
  store_root(*app, nullptr);
  if (!app->spec.pod && !app->spec.health_checks.empty()) tell(events_.remove_health_check(id));
  const std::string deployment = app->deployment;
  settle(app);
  return deployment;
}

const App* SimulatedMarathon::find_app(const std::string& id) const {
  const auto found = apps_.find(id);
  return found == apps_.end() ? nullptr : found->second.get();
}

std::vector<Deployment> SimulatedMarathon::deployments() const {
  std::vector<Deployment> list;
  for (const auto& [id, deployment] : deployments_) list.push_back(deployment);
  return list;
}

tl::expected<AppSpec, SpecError> SimulatedMarathon::read_spec(const std::string& definition, const std::string& id,
                                                              bool pod) {
  if (pod && options_.version < kInstances) return tl::make_unexpected(SpecError{404, "pods came with 1.4"});
  if (pod) return read_pod_spec(definition, id);
  return read_app_spec(definition, id, [this] { return next_service_port_++; });
}

tl::expected<SimulatedMarathon::AppPtr, SpecError> SimulatedMarathon::editable(const std::string& id, bool force) {
  const auto found = apps_.find(id);
  if (found == apps_.end()) return tl::make_unexpected(SpecError{404, "App '" + id + "' does not exist"});
  if (!force && !found->second->deployment.empty()) {
    return tl::make_unexpected(SpecError{409, "App " + id + " is locked by deployment " + found->second->deployment +
                                                  ". Use '?force=true' to override."});
  }
  return found->second;
}

void SimulatedMarathon::begin_deployment(App& app, const std::string& action, int total_steps) {
  if (!app.deployment.empty()) {
    tell(events_.deployment_end("deployment_failed", deployments_[app.deployment], "canceled"));
    deployments_.erase(app.deployment);
  }
  Deployment deployment{new_uuid(), app.version, app.spec.id, app.spec.pod, action, 1, total_steps};
  app.deployment = deployment.id;
  touch(app);
  tell(events_.deployment_step("deployment_info", deployment));
  deployments_[deployment.id] = std::move(deployment);
}

void SimulatedMarathon::store_root(App& app, const Origin* origin) {
  touch(app);
  if (app.spec.pod) {
    tell(events_.pod_edited(app));
  } else if (origin != nullptr) {
    tell(events_.api_post(app, origin->client_ip, origin->uri));
  }
  tell(events_.group_change_success(parent_group(app.spec.id), app.version));
}

void SimulatedMarathon::next_step(App& app, const std::string& action) {
  auto& deployment = deployments_[app.deployment];
  tell(events_.deployment_step("deployment_step_success", deployment));
  deployment.action = action;
  ++deployment.current_step;
  tell(events_.deployment_step("deployment_info", deployment));
}

void SimulatedMarathon::finish_deployment(const AppPtr& app) {
  const auto deployment = deployments_[app->deployment];
  deployments_.erase(app->deployment);
  app->deployment.clear();
  touch(*app);
  if (app->destroyed) tell(events_.app_terminated(app->spec.id));
  tell(events_.deployment_step("deployment_step_success", deployment));
  tell(events_.deployment_end("deployment_success", deployment, ""));
  changes_({"deployed", app->spec.id, "", deployment.action});
}

std::string SimulatedMarathon::next_version() {
  using std::chrono::milliseconds;
  const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  last_version_ = std::max<std::chrono::system_clock::time_point>(now, last_version_ + milliseconds(1));
  return iso_time(last_version_);
}

std::string SimulatedMarathon::new_uuid() {
  constexpr char kHex[] = "0123456789abcdef";
  std::string uuid;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) uuid += '-';
    uuid += kHex[random_() % 16];
  }
  return uuid;
}

}  // namespace chorale::marathon_simulator
