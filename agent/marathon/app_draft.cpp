#include "agent/marathon/app_draft.h"

#include <utility>

#include "agent/marathon/pod_draft.h"

namespace chorale::agent {
namespace {

NetworkMode network_of(const AppDraft& draft) {
  if (!draft.network_mode.empty()) {
    if (draft.network_mode == "container") {
      return NetworkMode::kContainer;
    }
    return draft.network_mode == "container/bridge" ? NetworkMode::kBridge : NetworkMode::kHost;
  }
  if (draft.docker_network == "BRIDGE") {
    return NetworkMode::kBridge;
  }
  if (draft.docker_network == "USER" || draft.has_ip_address) {
    return NetworkMode::kContainer;
  }
  // HOST, NONE, no container at all, or a mode of the future: Mesos' own ports on the slave are the safest reading.
  return NetworkMode::kHost;
}

std::vector<PortDraft>& declared_ports(AppDraft& draft) {
  if (draft.app.pod) return draft.endpoints;
  switch (draft.app.network) {
    case NetworkMode::kHost:
      // Marathon 1.0 - 1.4 send both, and only the definitions have names and labels.
      return draft.definitions.empty() ? draft.service_ports : draft.definitions;
    case NetworkMode::kBridge:
      return draft.mappings.empty() ? draft.docker_mappings : draft.mappings;
    case NetworkMode::kContainer:
      if (!draft.mappings.empty()) {
        return draft.mappings;
      }
      return draft.docker_mappings.empty() ? draft.discovery : draft.docker_mappings;
  }
  return draft.definitions;
}

}  // namespace

void AppDraft::end_health_check() {
  // Marathon <= 1.4 defaults to HTTP, and always says so; >= 1.5 may leave it out.
  const bool http = check_protocol.empty() || check_protocol == "HTTP" || check_protocol == "HTTPS" ||
                    check_protocol == "MESOS_HTTP" || check_protocol == "MESOS_HTTPS";
  if (http && app.health_path.empty()) {
    app.health_path = check_path;
  }
  ++app.health_checks;
  check_protocol.clear();
  check_path.clear();
}

MarathonApp settle(AppDraft draft) {
  if (draft.unreadable) {
    MarathonApp named;
    named.id = std::move(draft.app.id);
    named.pod = draft.app.pod;
    named.unreadable = std::move(draft.unreadable);
    return named;
  }
  draft.app.network = network_of(draft);
  if (draft.app.pod) settle_instances(draft);
  for (PortDraft& declared : declared_ports(draft)) {
    // Bridge mode always has a port on the slave: an absent hostPort means a random one.
    declared.port.has_host_port = draft.app.network != NetworkMode::kContainer || declared.host_port;
    draft.app.ports.push_back(std::move(declared.port));
  }
  for (const ReadinessDraft& result : draft.readiness) {
    for (MarathonTask& task : draft.app.tasks) {
      if (task.id == result.task) task.ready = task.ready.value_or(true) && result.ready;
    }
  }
  return std::move(draft.app);
}

}  // namespace chorale::agent
