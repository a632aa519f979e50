// Apps and tasks as the simulated Marathon knows them. Plain values; the SimulatedMarathon changes them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/marathon_simulator/options.h"

namespace chorale::marathon_simulator {

enum class NetworkMode { kHost, kBridge, kContainer };

enum class TaskState {
  kStaging,
  kStarting,
  kRunning,
  kKilling,
  kUnreachable,
  kKilled,
  kFailed,
  kFinished,
  kError,
  kLost,
  kGone,
  kDropped,
};

[[nodiscard]] bool is_terminal(TaskState state);
// "TASK_RUNNING"
[[nodiscard]] const char* mesos_name(TaskState state);
// "Running", as instance_changed_event calls it
[[nodiscard]] const char* condition_name(TaskState state);
// From "TASK_RUNNING"; false when unknown.
[[nodiscard]] bool parse_task_state(const std::string& name, TaskState& state);

struct PortSpec {
  bool has_host_port = true;  // false: reachable only at the container's own address
  int container_port = 0;     // 0: the same as the assigned host port
  int service_port = 0;
  bool udp = false;  // speaks that too, or alone
};

// Of a pod: its endpoints are the next of the ports, in order.
struct PodContainer {
  std::string name;
  std::vector<std::string> endpoints;
  int check = -1;              // which of the health checks is its own; -1: none
  std::string check_endpoint;  // that the check asks; empty: a command
};

// A definition completed with Marathon's defaults, and the parts of it that the simulator acts on.
struct AppSpec {
  std::string id;          // "/shop/cart"
  std::string definition;  // JSON object in the shape of Marathon 1.5 and later
  int instances = 1;
  bool pod = false;
  std::vector<PodContainer> containers;  // of a pod
  NetworkMode network = NetworkMode::kHost;
  std::vector<PortSpec> ports;
  std::vector<std::string> health_checks;  // JSON objects
};

struct HealthResult {
  bool alive = false;
  int consecutive_failures = 0;
  std::string first_success;
  std::string last_success;
  std::string last_failure;
};

struct Task {
  std::string id;
  std::string instance_id;
  std::string app_id;
  std::string version;  // of the app definition that it runs
  TaskState state = TaskState::kStaging;
  Slave slave;
  std::string slave_id;
  std::vector<std::uint16_t> ports;  // one for each PortSpec with a host port, in order
  std::string ip_address;
  std::string staged_at;
  std::string started_at;  // empty before RUNNING
  std::vector<HealthResult> health;
  std::vector<std::string> health_checks;  // those of its own version
  std::vector<PodContainer> containers;    // likewise; of a pod's instance, whose id is both ids here
  std::vector<PortSpec> port_specs;        // likewise
  bool dying = false;                      // a kill is under way; it may still serve
  bool gone = false;                       // terminal; left in no list
};

struct App {
  AppSpec spec;
  std::string version;         // rises with every edit, scaling included
  std::string config_version;  // the last edit other than scaling: tasks of earlier versions are replaced
  std::string last_scaling_at;
  std::string last_config_change_at;  // empty right after the creation
  std::string deployment;             // id of the running one; empty when none
  std::vector<std::shared_ptr<Task>> tasks;
  std::uint64_t revision = 0;  // rises with every change of anything above, for caches
  bool destroyed = false;      // left the root group; tasks may still be dying
};

struct Deployment {
  std::string id;
  std::string version;
  std::string app_id;
  bool pod = false;
  std::string action;  // the step in progress: "StartApplication", "ScaleApplication", ...
  int current_step = 1;
  int total_steps = 1;
};

// "/shop/cart" -> "shop_cart"
[[nodiscard]] std::string safe_app_id(const std::string& app_id);
// "/shop/cart" -> "/shop"; "/cart" -> "/"
[[nodiscard]] std::string parent_group(const std::string& app_id);

}  // namespace chorale::marathon_simulator
