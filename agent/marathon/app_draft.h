// One app while it is being read: its keys come in any order and in any dialect, so that what its ports mean is known
// only at its end. Pure.
#pragma once

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

struct AppDraft {
  MarathonApp app;                         // all but network and ports
  bool has_tasks = false;                  // the key was there
  std::string network_mode;                // networks[0].mode, Marathon >= 1.5
  std::string docker_network;              // container.docker.network, <= 1.4
  bool has_ip_address = false;             // ipAddress, <= 1.4
  std::vector<PortDraft> definitions;      // portDefinitions, >= 1.0
  std::vector<PortDraft> service_ports;    // ports, <= 1.4
  std::vector<PortDraft> mappings;         // container.portMappings, >= 1.5
  std::vector<PortDraft> docker_mappings;  // container.docker.portMappings, <= 1.4
  std::vector<PortDraft> discovery;        // ipAddress.discovery.ports, <= 1.4
  std::vector<ReadinessDraft> readiness;
  std::string check_protocol;  // of the health check being read
  std::string check_path;
  std::optional<std::string> unreadable;  // the first thing in it that cannot be read, with its key

  void end_health_check();
};

// The app as routing sees it: network and ports settled. One that cannot be read is its id and the reason, no more.
[[nodiscard]] MarathonApp settle(AppDraft draft);

}  // namespace chorale::agent
