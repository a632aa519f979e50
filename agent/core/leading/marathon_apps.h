// What Marathon says of its apps and pods, as our own values: only what routing needs, in one dialect. Pure.
//
// Made by agent/marathon/apps_parser (JSON in, values out). Nothing here was checked against an allow-list yet: these
// values are not to be trusted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chorale::agent {

// One health check result of a task. `alive` as Marathon says it: last success later than last failure.
struct HealthResult {
  bool alive = false;
  bool operator==(const HealthResult&) const = default;
};

struct MarathonTask {
  std::string id;
  std::string host;   // the slave's --hostname: an address or a DNS name
  std::string state;  // "TASK_RUNNING", ...; empty where Marathon <= 0.14 says none
  std::string version;
  bool started = false;                   // startedAt present
  std::vector<std::uint16_t> ports;       // host ports, in the order of the mappings that have one
  std::vector<std::string> ip_addresses;  // of the container, in Marathon's order
  std::vector<HealthResult> health;       // one per check that has a result
  std::optional<bool> ready;              // what its readiness results say, all of them; nullopt: there is none
  bool operator==(const MarathonTask&) const = default;
};

enum class NetworkMode { kHost, kBridge, kContainer };

// One port that the app declares, in declaration order.
struct MarathonPort {
  std::string name;
  std::string protocol = "tcp";
  std::int32_t service_port = 0;
  std::int32_t container_port = 0;  // 0: the same as the assigned host port
  bool has_host_port = true;        // false: only reachable at the container's own address
  std::map<std::string, std::string> labels;
  bool operator==(const MarathonPort&) const = default;
};

struct MarathonApp {
  std::string id;
  std::string version;
  bool pod = false;  // a pod, whose instances are the tasks and whose endpoints are the ports; asked for elsewhere
  NetworkMode network = NetworkMode::kHost;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> env;  // plain strings only; secret references are left out
  std::vector<MarathonPort> ports;         // may be empty although tasks have ports (old or partial definitions)
  std::optional<std::size_t> main_port;    // of an app that is known from the routes alone: whose servers are its own
  std::size_t health_checks = 0;
  std::string health_path;  // of the first HTTP(S) check
  std::size_t readiness_checks = 0;
  bool deploying = false;                  // a deployment of it is under way
  std::optional<std::uint64_t> instances;  // how many tasks it is to have; nullopt: not said, or a pod
  std::vector<MarathonTask> tasks;
  // Why Marathon's last word on this app could not be read, with the key: "tasks[0].ports[1] is ...". The rest is then
  // what is kept of it from before; straight from the parser it is nothing but the id.
  std::optional<std::string> unreadable;
  bool operator==(const MarathonApp&) const = default;
};

using MarathonApps = std::map<std::string, MarathonApp>;  // by id

// A fact that an event carries, as far as routing cares; everything else in an event is a reason to fetch at most.
struct MarathonEvent {
  std::string type;   // eventType
  std::string app;    // appId / runSpecId / appDefinition.id, or empty
  std::string task;   // taskId / instanceId, or empty
  std::string state;  // taskStatus / condition, or empty
  std::optional<bool> alive;
  bool operator==(const MarathonEvent&) const = default;
};

}  // namespace chorale::agent
