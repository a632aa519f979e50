#include "tests/marathon_simulator/shapes.h"

#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "tests/marathon_simulator/legacy_shapes.h"

namespace chorale::marathon_simulator {
namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json health_result(const HealthResult& result, const Task& task, const Version& version) {
  Json json{{"alive", result.alive}, {"consecutiveFailures", result.consecutive_failures}};
  if (version >= kInstances) {
    json["instanceId"] = task.instance_id;
  } else {
    json["taskId"] = task.id;
  }
  const auto put = [&](const char* key, const std::string& time) {
    if (!time.empty()) {
      json[key] = time;
    } else if (version < kNetworks) {
      json[key] = nullptr;
    }
  };
  put("firstSuccess", result.first_success);
  put("lastSuccess", result.last_success);
  put("lastFailure", result.last_failure);
  if (!result.last_failure.empty()) json["lastFailureCause"] = "ConnectionRefused";
  return json;
}

Json health_results(const Task& task, const Version& version) {
  Json results = Json::array();
  for (const auto& result : task.health) results.push_back(health_result(result, task, version));
  return results;
}

Json task_value(const Task& task, const Version& version, const std::vector<int>& service_ports) {
  Json json{{"id", task.id},
            {"appId", task.app_id},
            {"host", task.slave.name},
            {"ports", task.ports},
            {"version", task.version}};
  if (!task.staged_at.empty()) json["stagedAt"] = task.staged_at;
  if (!task.started_at.empty()) {
    json["startedAt"] = task.started_at;
  } else if (version < kPortDefinitions) {
    json["startedAt"] = nullptr;
  }
  if (version >= kNamesEvents) json["slaveId"] = task.slave_id;
  if (version >= kTaskHasState) json["state"] = mesos_name(task.state);
  if (version >= kTaskHasIpAddresses) {
    Json addresses = Json::array();
    if (!task.ip_address.empty()) {
      const bool v6 = task.ip_address.find(':') != std::string::npos;
      addresses.push_back({{"ipAddress", task.ip_address}, {"protocol", v6 ? "IPv6" : "IPv4"}});
    }
    if (version >= kNetworks || !addresses.empty()) json["ipAddresses"] = std::move(addresses);
  }
  if (version >= kNetworks || !task.health.empty()) json["healthCheckResults"] = health_results(task, version);
  if (version >= kNetworks || !service_ports.empty()) json["servicePorts"] = service_ports;
  if (version >= kNetworks) json["localVolumes"] = Json::array();
  if (version >= kRoles) json["role"] = "*";
  return json;
}

bool all_alive(const Task& task) {
  for (const auto& result : task.health) {
    if (!result.alive) return false;
  }
  return true;
}

void add_counts(Json& json, const App& app) {
  int staged = 0, running = 0, healthy = 0, unhealthy = 0;
  for (const auto& task : app.tasks) {
    if (task->state == TaskState::kStaging || task->state == TaskState::kStarting) ++staged;
    if (task->state == TaskState::kRunning) ++running;
    if (!task->health.empty()) ++(all_alive(*task) ? healthy : unhealthy);
  }
  json["tasksStaged"] = staged;
  json["tasksRunning"] = running;
  json["tasksHealthy"] = healthy;
  json["tasksUnhealthy"] = unhealthy;
}

}  // namespace

std::string app_json(const App& app, const Version& version, bool with_tasks) {
  const auto& definition = app.spec.definition;
  Json computed{{"version", app.version}, {"versionInfo", {{"lastScalingAt", app.last_scaling_at}}}};
  if (!app.last_config_change_at.empty()) computed["versionInfo"]["lastConfigChangeAt"] = app.last_config_change_at;
  computed["deployments"] = Json::array();
  if (!app.deployment.empty()) computed["deployments"].push_back({{"id", app.deployment}});
  if (version >= kRoles && definition.find("\"role\":") == std::string::npos) computed["role"] = "*";
  add_counts(computed, app);
  if (with_tasks) {
    computed["tasks"] = Json::array();
    for (const auto& task : app.tasks) computed["tasks"].push_back(task_value(*task, version, {}));
  }
  if (version >= kNetworks) {
    // The definition is a finished object: joined as text, which is several times cheaper than parsing it again.
    return definition.substr(0, definition.size() - 1) + "," + dump(computed).substr(1);
  }
  auto json = Json::parse(definition);
  make_legacy_app(json, version);
  json.update(computed);
  return dump(json);
}

std::string task_json(const Task& task, const Version& version, const std::vector<int>& service_ports) {
  return dump(task_value(task, version, service_ports));
}

std::string tasks_json(const std::vector<std::string>& tasks) {
  std::string text = R"({"tasks":[)";
  for (const auto& task : tasks) {
    if (text.back() != '[') text += ',';
    text += task;
  }
  return text += "]}";
}

std::string deployments_json(const std::vector<Deployment>& deployments) {
  Json list = Json::array();
  for (const auto& deployment : deployments) {
    const Json action{{"action", deployment.action}, {deployment.pod ? "pod" : "app", deployment.app_id}};
    const Json affected = Json::array({deployment.app_id});
    list.push_back({{"id", deployment.id},
                    {"version", deployment.version},
                    {"affectedApps", deployment.pod ? Json::array() : affected},
                    {"affectedPods", deployment.pod ? affected : Json::array()},
                    {"steps", Json::array({Json{{"actions", Json::array({action})}}})},
                    {"currentActions", Json::array({action})},
                    {"currentStep", deployment.current_step},
                    {"totalSteps", deployment.total_steps}});
  }
  return dump(list);
}

std::string info_json(const Version& version, const std::string& framework_id, const std::string& leader,
                      bool elected) {
  Json json{{"name", "marathon"},
            {"version", version.text()},
            {"buildref", "simulator"},
            {"elected", elected},
            {"leader", leader.empty() ? Json() : Json(leader)},
            {"frameworkId", framework_id},
            {"marathon_config", {{"framework_name", "marathon"}, {"ha", true}, {"checkpoint", true}}},
            {"zookeeper_config", {{"zk", "zk://localhost:2181/marathon"}}},
            {"http_config", {{"https_port", nullptr}}}};
  if (version < kNetworks) json["event_subscriber"] = {{"type", "http_callback"}, {"http_endpoints", nullptr}};
  return dump(json);
}

std::string message_json(const std::string& message) { return dump(Json{{"message", message}}); }

struct AppListing::Cache {
  struct Entry {
    std::uint64_t revision = 0;
    std::string text;
  };
  std::unordered_map<std::string, Entry> plain;
  std::unordered_map<std::string, Entry> with_tasks;
};

AppListing::AppListing(const Version& version) : version_(version), cache_(std::make_unique<Cache>()) {}

AppListing::~AppListing() = default;

const std::string& AppListing::text(const App& app, bool with_tasks) {
  auto& entry = (with_tasks ? cache_->with_tasks : cache_->plain)[app.spec.id];
  if (entry.revision != app.revision) entry = {app.revision, app_json(app, version_, with_tasks)};
  return entry.text;
}

void AppListing::forget(const std::string& app_id) {
  cache_->plain.erase(app_id);
  cache_->with_tasks.erase(app_id);
}

}  // namespace chorale::marathon_simulator
