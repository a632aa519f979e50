#include "agent/marathon/apps_schema.h"

#include <array>

namespace chorale::agent {
namespace {

constexpr bool kNeverNull = false;

// Sorted by parent: the rules of one parent are neighbours.
constexpr std::array kRules{
    Rule{Node::kRoot, "apps", Node::kApps, Shape::kArray, kNeverNull},
    Rule{Node::kRoot, "app", Node::kApp, Shape::kObject, kNeverNull},

    Rule{Node::kApps, "*", Node::kApp, Shape::kObject, kNeverNull},

    Rule{Node::kApp, "id", Node::kAppId, Shape::kText, kNeverNull},
    Rule{Node::kApp, "version", Node::kAppVersion, Shape::kText},
    Rule{Node::kApp, "instances", Node::kAppInstances, Shape::kAnyCount},
    Rule{Node::kApp, "labels", Node::kLabels, Shape::kObject},
    Rule{Node::kApp, "env", Node::kEnv, Shape::kObject},
    Rule{Node::kApp, "healthChecks", Node::kHealthChecks, Shape::kArray},
    Rule{Node::kApp, "ports", Node::kServicePorts, Shape::kArray},
    Rule{Node::kApp, "portDefinitions", Node::kPortDefinitions, Shape::kArray},
    Rule{Node::kApp, "networks", Node::kNetworks, Shape::kArray},
    Rule{Node::kApp, "container", Node::kContainer, Shape::kObject},
    Rule{Node::kApp, "ipAddress", Node::kIpAddress, Shape::kObject},
    Rule{Node::kApp, "deployments", Node::kDeployments, Shape::kAnyArray},
    Rule{Node::kApp, "readinessChecks", Node::kReadinessChecks, Shape::kAnyArray},
    Rule{Node::kApp, "readinessCheckResults", Node::kReadinessResults, Shape::kAnyArray},
    Rule{Node::kApp, "tasks", Node::kTasks, Shape::kArray, kNeverNull},

    Rule{Node::kLabels, "*", Node::kLabel, Shape::kAnyText},
    Rule{Node::kEnv, "*", Node::kEnvValue, Shape::kAnyText},

    Rule{Node::kHealthChecks, "*", Node::kHealthCheck, Shape::kObject},
    Rule{Node::kHealthCheck, "protocol", Node::kHealthProtocol, Shape::kText},
    Rule{Node::kHealthCheck, "path", Node::kHealthPath, Shape::kText},

    Rule{Node::kServicePorts, "*", Node::kServicePort, Shape::kPort, kNeverNull},

    Rule{Node::kPortDefinitions, "*", Node::kPortDefinition, Shape::kObject, kNeverNull},
    Rule{Node::kPortDefinition, "port", Node::kPortServicePort, Shape::kPort},
    Rule{Node::kPortDefinition, "name", Node::kPortName, Shape::kText},
    Rule{Node::kPortDefinition, "protocol", Node::kPortProtocol, Shape::kText},
    Rule{Node::kPortDefinition, "labels", Node::kPortLabels, Shape::kObject},
    Rule{Node::kPortLabels, "*", Node::kPortLabel, Shape::kAnyText},

    Rule{Node::kNetworks, "*", Node::kNetwork, Shape::kObject, kNeverNull},
    Rule{Node::kNetwork, "mode", Node::kNetworkMode, Shape::kText},
    Rule{Node::kNetwork, "name", Node::kNetworkName, Shape::kText},

    Rule{Node::kContainer, "portMappings", Node::kMappings, Shape::kArray},
    Rule{Node::kContainer, "docker", Node::kDocker, Shape::kObject},
    Rule{Node::kDocker, "network", Node::kDockerNetwork, Shape::kText},
    Rule{Node::kDocker, "portMappings", Node::kDockerMappings, Shape::kArray},
    Rule{Node::kMappings, "*", Node::kMapping, Shape::kObject, kNeverNull},
    Rule{Node::kDockerMappings, "*", Node::kMapping, Shape::kObject, kNeverNull},
    Rule{Node::kMapping, "containerPort", Node::kPortContainerPort, Shape::kPort},
    Rule{Node::kMapping, "hostPort", Node::kPortHostPort, Shape::kPort},
    Rule{Node::kMapping, "servicePort", Node::kPortServicePort, Shape::kPort},
    Rule{Node::kMapping, "name", Node::kPortName, Shape::kText},
    Rule{Node::kMapping, "protocol", Node::kPortProtocol, Shape::kText},
    Rule{Node::kMapping, "labels", Node::kPortLabels, Shape::kObject},

    Rule{Node::kIpAddress, "discovery", Node::kDiscovery, Shape::kObject},
    Rule{Node::kDiscovery, "ports", Node::kDiscoveryPorts, Shape::kArray},
    Rule{Node::kDiscoveryPorts, "*", Node::kDiscoveryPort, Shape::kObject, kNeverNull},
    Rule{Node::kDiscoveryPort, "number", Node::kPortContainerPort, Shape::kPort},
    Rule{Node::kDiscoveryPort, "name", Node::kPortName, Shape::kText},
    Rule{Node::kDiscoveryPort, "protocol", Node::kPortProtocol, Shape::kText},
    Rule{Node::kDiscoveryPort, "labels", Node::kPortLabels, Shape::kObject},

    Rule{Node::kReadinessResults, "*", Node::kReadinessResult, Shape::kObject},
    Rule{Node::kReadinessResult, "taskId", Node::kReadinessTask, Shape::kText},
    Rule{Node::kReadinessResult, "ready", Node::kReady, Shape::kBoolean},

    Rule{Node::kTasks, "*", Node::kTask, Shape::kObject, kNeverNull},
    Rule{Node::kTask, "id", Node::kTaskId, Shape::kText, kNeverNull},
    Rule{Node::kTask, "host", Node::kTaskHost, Shape::kText},
    Rule{Node::kTask, "state", Node::kTaskState, Shape::kText},
    Rule{Node::kTask, "version", Node::kTaskVersion, Shape::kText},
    Rule{Node::kTask, "startedAt", Node::kTaskStartedAt, Shape::kText},
    Rule{Node::kTask, "ports", Node::kTaskPorts, Shape::kArray},
    Rule{Node::kTask, "ipAddresses", Node::kTaskAddresses, Shape::kArray},
    Rule{Node::kTask, "healthCheckResults", Node::kHealthResults, Shape::kArray},
    Rule{Node::kTaskPorts, "*", Node::kTaskPort, Shape::kPort, kNeverNull},
    Rule{Node::kTaskAddresses, "*", Node::kTaskAddress, Shape::kObject},
    Rule{Node::kTaskAddress, "ipAddress", Node::kTaskIp, Shape::kText},
    // Early Marathon lists a check without a result as null.
    Rule{Node::kHealthResults, "*", Node::kHealthResult, Shape::kObject},
    Rule{Node::kHealthResult, "alive", Node::kAlive, Shape::kBoolean, kNeverNull},

    Rule{Node::kPods, "*", Node::kPod, Shape::kObject, kNeverNull},
    Rule{Node::kPod, "id", Node::kPodId, Shape::kText, kNeverNull},
    Rule{Node::kPod, "spec", Node::kPodSpec, Shape::kObject, kNeverNull},
    Rule{Node::kPod, "instances", Node::kInstances, Shape::kArray, kNeverNull},

    Rule{Node::kPodSpec, "version", Node::kAppVersion, Shape::kText},
    Rule{Node::kPodSpec, "labels", Node::kLabels, Shape::kObject},
    Rule{Node::kPodSpec, "environment", Node::kEnv, Shape::kObject},
    Rule{Node::kPodSpec, "networks", Node::kNetworks, Shape::kArray},
    Rule{Node::kPodSpec, "containers", Node::kPodContainers, Shape::kArray, kNeverNull},
    Rule{Node::kPodContainers, "*", Node::kPodContainer, Shape::kObject, kNeverNull},
    Rule{Node::kPodContainer, "name", Node::kContainerName, Shape::kText},
    Rule{Node::kPodContainer, "endpoints", Node::kEndpoints, Shape::kArray},
    Rule{Node::kPodContainer, "healthCheck", Node::kContainerCheck, Shape::kObject},
    Rule{Node::kEndpoints, "*", Node::kEndpoint, Shape::kObject, kNeverNull},
    Rule{Node::kEndpoint, "name", Node::kPortName, Shape::kText},
    Rule{Node::kEndpoint, "containerPort", Node::kPortContainerPort, Shape::kPort},
    Rule{Node::kEndpoint, "hostPort", Node::kPortHostPort, Shape::kPort},
    Rule{Node::kEndpoint, "protocol", Node::kEndpointProtocols, Shape::kArray},
    Rule{Node::kEndpoint, "labels", Node::kPortLabels, Shape::kObject},
    Rule{Node::kEndpointProtocols, "*", Node::kEndpointProtocol, Shape::kText},
    Rule{Node::kContainerCheck, "http", Node::kHttpCheck, Shape::kObject},
    Rule{Node::kHttpCheck, "path", Node::kHttpCheckPath, Shape::kText},

    Rule{Node::kInstances, "*", Node::kInstance, Shape::kObject, kNeverNull},
    Rule{Node::kInstance, "id", Node::kTaskId, Shape::kText, kNeverNull},
    Rule{Node::kInstance, "status", Node::kInstanceStatus, Shape::kText},
    Rule{Node::kInstance, "agentHostname", Node::kTaskHost, Shape::kText},
    Rule{Node::kInstance, "specReference", Node::kSpecReference, Shape::kText},
    Rule{Node::kInstance, "networks", Node::kInstanceNetworks, Shape::kArray},
    Rule{Node::kInstance, "containers", Node::kContainerStatuses, Shape::kArray},
    Rule{Node::kInstanceNetworks, "*", Node::kInstanceNetwork, Shape::kObject},
    Rule{Node::kInstanceNetwork, "name", Node::kInstanceNetworkName, Shape::kText},
    Rule{Node::kInstanceNetwork, "addresses", Node::kInstanceAddresses, Shape::kArray},
    Rule{Node::kInstanceAddresses, "*", Node::kInstanceAddress, Shape::kText},
    Rule{Node::kContainerStatuses, "*", Node::kContainerStatus, Shape::kObject},
    Rule{Node::kContainerStatus, "name", Node::kStatusName, Shape::kText},
    Rule{Node::kContainerStatus, "status", Node::kStatusState, Shape::kText},
    Rule{Node::kContainerStatus, "endpoints", Node::kStatusEndpoints, Shape::kArray},
    Rule{Node::kContainerStatus, "conditions", Node::kConditions, Shape::kArray},
    Rule{Node::kStatusEndpoints, "*", Node::kStatusEndpoint, Shape::kObject},
    Rule{Node::kStatusEndpoint, "name", Node::kStatusEndpointName, Shape::kText},
    Rule{Node::kStatusEndpoint, "allocatedHostPort", Node::kAllocatedPort, Shape::kPort},
    Rule{Node::kStatusEndpoint, "healthy", Node::kEndpointHealthy, Shape::kBoolean},
    Rule{Node::kConditions, "*", Node::kCondition, Shape::kObject},
    Rule{Node::kCondition, "name", Node::kConditionName, Shape::kText},
    Rule{Node::kCondition, "value", Node::kConditionValue, Shape::kText},
    Rule{Node::kCondition, "reason", Node::kConditionReason, Shape::kText},
};

struct Range {
  std::uint8_t begin = 0;
  std::uint8_t end = 0;
};

constexpr auto kRanges = [] {
  std::array<Range, kNodes> ranges{};
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    Range& range = ranges[static_cast<std::size_t>(kRules[i].parent)];
    if (range.end == 0) {
      range.begin = static_cast<std::uint8_t>(i);
    }
    range.end = static_cast<std::uint8_t>(i + 1);
  }
  return ranges;
}();

constexpr bool neighbours() {
  std::size_t covered = 0;
  for (const Range& range : kRanges) {
    covered += static_cast<std::size_t>(range.end - range.begin);
  }
  return covered == kRules.size();
}
static_assert(neighbours(), "the rules of one parent must stand together");
static_assert(kRules.size() < 256);

}  // namespace

const Rule* find_rule(Node parent, std::string_view key) {
  const Range range = kRanges[static_cast<std::size_t>(parent)];
  for (std::size_t i = range.begin; i < range.end; ++i) {
    if (kRules[i].key == "*" || kRules[i].key == key) {
      return &kRules[i];
    }
  }
  return nullptr;
}

std::string_view expected_text(Shape shape) {
  switch (shape) {
    case Shape::kObject:
      return "an object";
    case Shape::kArray:
    case Shape::kAnyArray:
      return "an array";
    case Shape::kText:
    case Shape::kAnyText:
      return "a string";
    case Shape::kAnyCount:
      return "an integer from 0 on";
    case Shape::kPort:
      return "an integer from 0 to 65535";
    case Shape::kBoolean:
      return "true or false";
  }
  return "something else";
}

}  // namespace chorale::agent
