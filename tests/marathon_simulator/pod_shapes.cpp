#include "tests/marathon_simulator/pod_shapes.h"

#include <nlohmann/json.hpp>

namespace chorale::marathon_simulator {
namespace {

using Json = nlohmann::json;

// As Marathon's PodStatusConversion: no result yet counts as "false", for a reason of its own.
Json health_condition(const Task& instance, std::size_t check) {
  const bool reported = check < instance.health.size();
  return {{"name", "healthy"},
          {"value", reported && instance.health[check].alive ? "true" : "false"},
          {"reason", reported ? "health-reported-by-mesos" : "health-unreported-by-mesos"},
          {"lastChanged", instance.staged_at},
          {"lastUpdated", instance.staged_at}};
}

Json container_status(const Task& instance, const PodContainer& container, std::size_t& port, std::size_t& host_port) {
  const bool ran = instance.state != TaskState::kStaging && instance.state != TaskState::kStarting;
  Json endpoints = Json::array();
  Json checked;  // Marathon puts it last
  for (const std::string& name : container.endpoints) {
    Json endpoint{{"name", name}};
    if (instance.port_specs.at(port++).has_host_port) endpoint["allocatedHostPort"] = instance.ports.at(host_port++);
    if (container.check < 0 || container.check_endpoint != name) {
      endpoints.push_back(std::move(endpoint));
      continue;
    }
    const auto check = static_cast<std::size_t>(container.check);
    if (check < instance.health.size()) endpoint["healthy"] = instance.health[check].alive;
    checked = std::move(endpoint);
  }
  if (!checked.is_null()) endpoints.push_back(std::move(checked));
  Json conditions = Json::array();
  if (ran && container.check >= 0) {
    conditions.push_back(health_condition(instance, static_cast<std::size_t>(container.check)));
  }
  return {{"name", container.name},
          {"status", mesos_name(instance.state)},
          {"statusSince", instance.staged_at},
          {"containerId", instance.id + "." + container.name},
          {"endpoints", std::move(endpoints)},
          {"conditions", std::move(conditions)},
          {"resources", {{"cpus", 0.1}, {"mem", 32}, {"disk", 0}, {"gpus", 0}}},
          {"lastUpdated", instance.staged_at},
          {"lastChanged", instance.staged_at}};
}

const char* status_of(const Task& instance, const Json& containers) {
  switch (instance.state) {
    case TaskState::kStaging:
    case TaskState::kStarting:
      return "STAGING";
    case TaskState::kUnreachable:
      return "DEGRADED";
    case TaskState::kRunning:
      for (const auto& container : containers) {
        for (const auto& condition : container.at("conditions")) {
          if (condition.at("value") == "false") return "DEGRADED";
        }
      }
      return "STABLE";
    case TaskState::kKilling:
    case TaskState::kKilled:
    case TaskState::kFailed:
    case TaskState::kFinished:
    case TaskState::kError:
    case TaskState::kLost:
    case TaskState::kGone:
    case TaskState::kDropped:
      break;
  }
  return "TERMINAL";
}

Json instance_status(const Task& instance, const std::string& pod) {
  Json containers = Json::array();
  std::size_t port = 0;
  std::size_t host_port = 0;
  for (const PodContainer& container : instance.containers) {
    containers.push_back(container_status(instance, container, port, host_port));
  }
  Json status{{"id", instance.id},
              {"status", status_of(instance, containers)},
              {"statusSince", instance.staged_at},
              {"agentHostname", instance.slave.name},
              {"agentId", instance.slave_id},
              {"conditions", Json::array()},
              {"resources", {{"cpus", 0.2}, {"mem", 64}, {"disk", 10}, {"gpus", 0}}},
              {"networks", Json::array()},
              {"containers", std::move(containers)},
              {"localVolumes", Json::array()},
              {"specReference", "/v2/pods" + pod + "::versions/" + instance.version},
              {"lastUpdated", instance.staged_at},
              {"lastChanged", instance.staged_at}};
  if (!instance.ip_address.empty()) {
    status["networks"].push_back({{"addresses", Json::array({instance.ip_address})}});
  }
  return status;
}

Json spec_of(const App& pod) {
  auto spec = Json::parse(pod.spec.definition);
  spec["version"] = pod.version;
  return spec;
}

}  // namespace

std::string pod_json(const App& pod) { return spec_of(pod).dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string pod_status_json(const App& pod) {
  Json instances = Json::array();
  int stable = 0;
  for (const auto& instance : pod.tasks) {
    instances.push_back(instance_status(*instance, pod.spec.id));
    if (instances.back().at("status") == "STABLE") ++stable;
  }
  const Json status{{"id", pod.spec.id},
                    {"spec", spec_of(pod)},
                    {"status", stable < pod.spec.instances ? "DEGRADED" : "STABLE"},
                    {"statusSince", pod.version},
                    {"instances", std::move(instances)},
                    {"terminationHistory", Json::array()},
                    {"lastUpdated", pod.version},
                    {"lastChanged", pod.version}};
  return status.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace chorale::marathon_simulator
