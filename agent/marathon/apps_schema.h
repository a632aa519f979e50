// Which places of Marathon's app and pod JSON mean something to routing, and what must be there. Pure data.
//
// One table instead of nested ifs: the SAX reader walks it, everything that is not in it is skipped. It holds the
// union of all dialects from Marathon 0.9 to 1.11; app_draft decides which of them an app speaks. Pods (PodStatus, 1.4
// and later) have rules of their own and share the nodes that mean the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chorale::agent {

enum class Node : std::uint8_t {
  kRoot,
  kApps,
  kApp,
  kAppId,
  kAppVersion,
  kAppInstances,
  kLabels,
  kLabel,
  kEnv,
  kEnvValue,
  kHealthChecks,
  kHealthCheck,
  kHealthProtocol,
  kHealthPath,
  kServicePorts,
  kServicePort,
  kPortDefinitions,
  kPortDefinition,
  kPortName,
  kPortProtocol,
  kPortServicePort,
  kPortContainerPort,
  kPortHostPort,
  kPortLabels,
  kPortLabel,
  kNetworks,
  kNetwork,
  kNetworkMode,
  kContainer,
  kMappings,
  kDocker,
  kDockerNetwork,
  kDockerMappings,
  kMapping,
  kIpAddress,
  kDiscovery,
  kDiscoveryPorts,
  kDiscoveryPort,
  kDeployments,
  kReadinessChecks,
  kReadinessResults,
  kReadinessResult,
  kReadinessTask,
  kReady,
  kTasks,
  kTask,
  kTaskId,
  kTaskHost,
  kTaskState,
  kTaskVersion,
  kTaskStartedAt,
  kTaskPorts,
  kTaskPort,
  kTaskAddresses,
  kTaskAddress,
  kTaskIp,
  kHealthResults,
  kHealthResult,
  kAlive,
  kPods,
  kPod,
  kPodId,
  kPodSpec,
  kPodContainers,
  kPodContainer,
  kContainerName,
  kEndpoints,
  kEndpoint,
  kEndpointProtocols,
  kEndpointProtocol,
  kContainerCheck,
  kHttpCheck,
  kHttpCheckPath,
  kNetworkName,
  kInstances,
  kInstance,
  kInstanceStatus,
  kSpecReference,
  kInstanceNetworks,
  kInstanceNetwork,
  kInstanceNetworkName,
  kInstanceAddresses,
  kInstanceAddress,
  kContainerStatuses,
  kContainerStatus,
  kStatusName,
  kStatusState,
  kStatusEndpoints,
  kStatusEndpoint,
  kStatusEndpointName,
  kAllocatedPort,
  kEndpointHealthy,
  kConditions,
  kCondition,
  kConditionName,
  kConditionValue,
  kConditionReason,
};

inline constexpr std::size_t kNodes = static_cast<std::size_t>(Node::kConditionReason) + 1;

enum class Shape : std::uint8_t {
  kObject,
  kArray,
  kText,
  kPort,  // an integer from 0 to 65535
  kBoolean,
  kAnyCount,  // an integer from 0 on counts, anything else is left out: it decides nothing
  kAnyArray,  // an array counts, for how much is in it; anything else is left out
  kAnyText,   // a text counts, anything else is left out (secrets in env are objects, some write labels as booleans)
};

struct Rule {
  Node parent;
  std::string_view key;  // "*": any key of an object, or any element of an array
  Node node;
  Shape shape;
  bool nullable = true;  // null means absent; where nothing may be absent, null is a wrong type
};

// What is under `key` of `parent` (for elements of an array: any key), or nullptr: to be skipped.
[[nodiscard]] const Rule* find_rule(Node parent, std::string_view key);

[[nodiscard]] std::string_view expected_text(Shape shape);  // "an object", "an integer from 0 to 65535", ...

}  // namespace chorale::agent
