// One app while it is being read: its keys come in any order and in any dialect, so that what its ports mean is known
// only at its end. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/leading/marathon_apps.h"

namespace chorale::agent {

struct PortDraft {
  MarathonPort port;
  bool host_port = false;  // a hostPort was given (0 counts)
};

// One result of a readiness check; they stand beside the tasks.
struct ReadinessDraft {
  std::string task;
  bool ready = false;
};

// Of one instance of a pod, as it stands beside the pod's spec.
struct EndpointStatusDraft {
  std::string name;
  std::uint16_t host_port = 0;  // 0: none is allocated
  std::optional<bool> healthy;
};
struct ContainerStatusDraft {
  std::string name;
  std::string state;  // "TASK_RUNNING"
  std::vector<EndpointStatusDraft> endpoints;
  std::string condition_name;   // of the condition being read
  std::string condition_value;  // likewise
  std::string condition_reason;
  std::optional<bool> healthy;  // what its condition "healthy" says, where Mesos has reported anything

  void end_condition();
};
struct NetworkStatusDraft {
  std::string name;
  std::vector<std::string> addresses;
};
struct InstanceDraft {
  std::string status;  // "STABLE"
  std::vector<NetworkStatusDraft> networks;
  std::vector<ContainerStatusDraft> containers;
};

struct AppDraft {
  MarathonApp app;                         // all but network and ports
  bool has_tasks = false;                  // the key was there; of a pod, its instances
  std::string network_mode;                // networks[0].mode, Marathon >= 1.5
  std::string docker_network;              // container.docker.network, <= 1.4
  bool has_ip_address = false;             // ipAddress, <= 1.4
  std::vector<PortDraft> definitions;      // portDefinitions, >= 1.0
  std::vector<PortDraft> service_ports;    // ports, <= 1.4
  std::vector<PortDraft> mappings;         // container.portMappings, >= 1.5
  std::vector<PortDraft> docker_mappings;  // container.docker.portMappings, <= 1.4
  std::vector<PortDraft> discovery;        // ipAddress.discovery.ports, <= 1.4
  std::vector<ReadinessDraft> readiness;
  // Of a pod alone.
  bool has_containers = false;  // the key was there
  std::string network_name;     // of the first network
  std::string container_name;   // of the container being read
  std::vector<PortDraft> container_endpoints;
  std::vector<PortDraft> endpoints;              // of all containers, in order
  std::vector<std::string> endpoint_containers;  // of each of them, whose it is
  std::vector<InstanceDraft> instances;          // one for each of app.tasks

  std::string check_protocol;  // of the health check being read
  std::string check_path;
  std::optional<std::string> unreadable;  // the first thing in it that cannot be read, with its key

  void end_health_check();
  void end_container();  // of a pod's spec
};

// The app or pod as routing sees it: network, ports and states settled. One that cannot be read is its id and the
// reason, no more.
[[nodiscard]] MarathonApp settle(AppDraft draft);

}  // namespace chorale::agent
