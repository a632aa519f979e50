#include "agent/marathon/pod_draft.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace chorale::agent {
namespace {

// Marathon's PodStatusConversion: a check without any result yet has the value "false", for this reason.
constexpr std::string_view kUnreported = "health-unreported-by-mesos";

// Marathon says STABLE while the instance runs and no container is known to be unhealthy; DEGRADED where it is out of
// sight, and where it runs and a container is not healthy, or not known to be.
std::string state_of(const InstanceDraft& instance) {
  if (instance.status == "STABLE") return "TASK_RUNNING";
  if (instance.status == "PENDING" || instance.status == "STAGING") return "TASK_STAGING";
  if (instance.status == "TERMINAL") return "TASK_KILLED";
  std::string state = "TASK_UNREACHABLE";  // nothing is known to run, and nothing to have ended
  for (const ContainerStatusDraft& container : instance.containers) {
    if (container.state == "TASK_RUNNING") {
      state = container.state;
    } else if (container.state == "TASK_UNREACHABLE" || container.state == "TASK_LOST") {
      return container.state;
    }
  }
  return state;
}

// An endpoint says what its container's check says; a check by command stands in the container's condition alone.
std::vector<HealthResult> results_of(const InstanceDraft& instance) {
  std::vector<HealthResult> results;
  for (const ContainerStatusDraft& container : instance.containers) {
    const std::size_t before = results.size();
    for (const EndpointStatusDraft& endpoint : container.endpoints) {
      if (endpoint.healthy) results.push_back({*endpoint.healthy});
    }
    if (results.size() == before && container.healthy) results.push_back({*container.healthy});
  }
  return results;
}

std::uint16_t host_port_of(const InstanceDraft& instance, const std::string& container, const std::string& endpoint) {
  for (const ContainerStatusDraft& status : instance.containers) {
    if (status.name != container) continue;
    const auto found = std::find_if(status.endpoints.begin(), status.endpoints.end(),
                                    [&](const EndpointStatusDraft& one) { return one.name == endpoint; });
    if (found != status.endpoints.end()) return found->host_port;
  }
  return 0;
}

// On the first network of the spec: Marathon lists the instance's in no order.
std::vector<std::string> addresses_of(InstanceDraft& instance, const std::string& network) {
  const auto named = std::find_if(instance.networks.begin(), instance.networks.end(),
                                  [&](const NetworkStatusDraft& one) { return one.name == network; });
  if (named != instance.networks.end()) return std::move(named->addresses);
  return instance.networks.empty() ? std::vector<std::string>{} : std::move(instance.networks.front().addresses);
}

}  // namespace

void ContainerStatusDraft::end_condition() {
  if (condition_name == "healthy" && condition_reason != kUnreported) healthy = condition_value == "true";
  condition_name.clear();
  condition_value.clear();
  condition_reason.clear();
}

void AppDraft::end_container() {
  for (PortDraft& endpoint : container_endpoints) {
    endpoints.push_back(std::move(endpoint));
    endpoint_containers.push_back(container_name);
  }
  container_endpoints.clear();
  container_name.clear();
}

void settle_instances(AppDraft& draft) {
  for (std::size_t i = 0; i < draft.app.tasks.size(); ++i) {
    MarathonTask& task = draft.app.tasks[i];
    InstanceDraft& instance = draft.instances[i];
    task.state = state_of(instance);
    task.started = task.state == "TASK_RUNNING";
    task.health = results_of(instance);
    for (std::size_t at = 0; at < draft.endpoints.size(); ++at) {
      // In the order in which an app's task has them: outside of the slave's network, those with a host port alone.
      const PortDraft& endpoint = draft.endpoints[at];
      if (draft.app.network == NetworkMode::kContainer && !endpoint.host_port) continue;
      task.ports.push_back(host_port_of(instance, draft.endpoint_containers[at], endpoint.port.name));
    }
    task.ip_addresses = addresses_of(instance, draft.network_name);
  }
}

}  // namespace chorale::agent
