#include "agent/core/leading/routes_servers.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>
#include <tuple>

#include "agent/base/ip_scope.h"
#include "agent/base/one_line.h"
#include "agent/base/url.h"
#include "agent/core/leading/routes_ports.h"
#include "agent/core/leading/task_standing.h"
#include "render/allow_list.h"
#include "render/app_labels.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kMaxPlainBytes = 1'000;  // far above those of Marathon, and below what Nginx takes as one word

bool is_plain(std::string_view text) {  // a task id or a version, which templates may print bare
  return text.size() <= kMaxPlainBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("._:-").find(c) != std::string_view::npos;
         });
}

// Marathon's silence on a task that was routed, where the operator lets it stay.
bool is_kept_silent(const MarathonTask& task, const HealthMemory& memory, const RoutingRules& rules) {
  return rules.keep_unreachable && phase_of(task) == TaskPhase::kUnclear && memory.remembers_alive(task.id);
}

// Why the task is not to be served.
std::optional<std::string> refuse_task(const MarathonApp& app, const MarathonTask& task, HealthMemory& memory,
                                       const RoutePolicy& policy, TimePoint now) {
  if (task.id.empty() || !is_plain(task.id)) return "its id has characters, or a length, that no task id has";
  if (is_kept_silent(task, memory, policy)) {
    if (health_of(app, task) != HealthWord::kDead) return std::nullopt;
  } else if (phase_of(task) != TaskPhase::kRunning) {
    return task.state.empty() ? "not started yet" : one_line(task.state, 40);
  }
  if (is_unready(app, task, memory, policy)) {
    return task.ready ? "its readiness check does not pass yet" : "no readiness result yet";
  }
  switch (health_of(app, task)) {
    case HealthWord::kNotChecked:
      // Remembered too: checks that a later version adds say nothing of the tasks of this one.
      memory.judged(task.id, true);
      return std::nullopt;
    case HealthWord::kAlive:
      memory.judged(task.id, true);
      return std::nullopt;
    case HealthWord::kDead:
      memory.judged(task.id, false);
      return "a health check fails";
    case HealthWord::kNoResult:
      if (memory.still_alive(task.id, now, policy.health_memory)) return std::nullopt;
      return "no health result yet";
  }
  return std::nullopt;
}

// The literal address, if a server can be there.
tl::expected<std::string, Failure> accept_address(const std::string& address, const RoutePolicy& policy) {
  const auto refused = [&address](const std::string& why) {
    return tl::unexpected(Failure{"its address " + address + " is " + why});
  };
  switch (ip_scope(address)) {
    case IpScope::kUsual:
      break;
    case IpScope::kLoopback:
      if (!policy.serve_loopback) return refused("a proxy's own (loopback)");
      break;
    case IpScope::kUnspecified:
      return refused("that of no host");
    case IpScope::kLinkLocal:
      return refused("link-local");
    case IpScope::kMulticast:
      return refused("a multicast address");
    case IpScope::kBroadcast:
      return refused("the broadcast address");
  }
  return address;
}

struct Unplaced {
  std::string reason;
  Exclusion::Kind kind = Exclusion::Kind::kOther;
};

// The host itself, or the first of its addresses where a server can be.
tl::expected<std::string, Unplaced> literal_address(const MarathonTask& task, const SlaveAddresses& slaves,
                                                    const RoutePolicy& policy) {
  const auto refused = [](Failure&& failure) { return Unplaced{std::move(failure.message)}; };
  if (render::is_ip_address(task.host)) return accept_address(task.host, policy).map_error(refused);
  if (task.host.empty()) return tl::unexpected(Unplaced{"Marathon names no host"});
  tl::expected<std::string, Unplaced> result =
      tl::unexpected(Unplaced{"host name " + one_line(task.host) + " does not resolve", Exclusion::Kind::kUnresolved});
  for (const std::string& address : slaves.of(task)) {
    if (!render::is_ip_address(address)) continue;
    result = accept_address(address, policy).map_error(refused);
    if (result) break;
  }
  return result;
}

struct Place {
  std::string host;
  std::uint16_t port = 0;
};

// Marathon's NetworkInfo: a mapping with a host port takes the next of the task's ports; in a container network one
// without is reached at the container's own address. In bridge mode that address is private to the slave.
tl::expected<Place, Unplaced> place(const MarathonApp& app, const MarathonTask& task,
                                    const std::vector<MarathonPort>& ports, std::size_t index,
                                    const SlaveAddresses& slaves, const RoutePolicy& policy) {
  const MarathonPort& port = ports[index];
  if (app.network != NetworkMode::kHost && !port.has_host_port) {
    if (auto never = unreachable_port(app, port, policy)) return tl::unexpected(Unplaced{std::move(*never)});
    if (task.ip_addresses.empty() || !render::is_ip_address(task.ip_addresses.front())) {
      return tl::unexpected(Unplaced{"its container has no address yet"});
    }
    return accept_address(task.ip_addresses.front(), policy)
        .map([&](std::string host) {
          return Place{std::move(host), static_cast<std::uint16_t>(port.container_port)};
        })
        .map_error([](Failure&& failure) { return Unplaced{std::move(failure.message)}; });
  }
  std::size_t at = index;
  if (app.network != NetworkMode::kHost) {
    at = static_cast<std::size_t>(std::count_if(ports.begin(), ports.begin() + static_cast<std::ptrdiff_t>(index),
                                                [](const MarathonPort& earlier) { return earlier.has_host_port; }));
  }
  if (at >= task.ports.size() || task.ports[at] == 0) return tl::unexpected(Unplaced{"it has no such port"});
  return literal_address(task, slaves, policy).map([&](std::string host) {
    return Place{std::move(host), task.ports[at]};
  });
}

// Of each of its tasks.
std::int32_t weight_of(const MarathonApp& app) {
  const auto label = app.labels.find(render::kWeightLabel);
  if (label == app.labels.end() || render::refuse_app_label(label->first, label->second)) return 1;
  std::int32_t weight = 1;
  std::from_chars(label->second.data(), label->second.data() + label->second.size(), weight);
  return weight;
}

render::Server serve(const MarathonApp& app, const MarathonTask& task, Place at) {
  render::Server server;
  server.address = host_and_port(at.host, at.port);
  server.host = std::move(at.host);
  server.port = at.port;
  server.task_id = task.id;
  if (is_plain(task.version)) server.version = task.version;
  server.weight = weight_of(app);
  server.health = app.health_checks > 0 ? render::Health::kAlive : render::Health::kUnknown;
  return server;
}

void sort_servers(std::vector<render::Server>& servers) {
  std::sort(servers.begin(), servers.end(), [](const render::Server& a, const render::Server& b) {
    return std::tie(a.address, a.task_id) < std::tie(b.address, b.task_id);
  });
  const auto same_address = [](const render::Server& a, const render::Server& b) { return a.address == b.address; };
  servers.erase(std::unique(servers.begin(), servers.end(), same_address), servers.end());
}

}  // namespace

PlacedPorts place_tasks(const MarathonApp& app, const std::vector<MarathonPort>& ports, std::size_t main_port,
                        const SlaveAddresses& slaves, HealthMemory& memory, const RoutePolicy& policy, TimePoint now) {
  PlacedPorts placed;
  std::vector<render::Port> served(ports.size());
  for (const MarathonTask& task : app.tasks) {
    if (auto reason = refuse_task(app, task, memory, policy, now)) {
      placed.refusals.push_back({task.id, std::move(*reason)});
      continue;
    }
    for (std::size_t i = 0; i < ports.size(); ++i) {
      auto at = place(app, task, ports, i, slaves, policy);
      if (at) {
        served[i].servers.push_back(serve(app, task, std::move(*at)));
      } else if (i == main_port) {
        placed.refusals.push_back({task.id, std::move(at.error().reason), at.error().kind});
      }
    }
    if (ports.empty()) placed.refusals.push_back({task.id, "it has no port"});
  }
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (served[i].servers.empty() && i != main_port) continue;
    render::Port& port = served[i];
    port.index = static_cast<std::int32_t>(i);
    port.name = ports[i].name;
    port.protocol = ports[i].protocol == "tcp,udp" ? "udp,tcp" : ports[i].protocol;
    port.service_port = ports[i].service_port;
    port.container_port = ports[i].container_port;
    port.labels = ports[i].labels;
    if (port.servers.empty()) {
      placed.main_port = std::move(port);
      placed.main_unreachable = unreachable_port(app, ports[i], policy).value_or("");
      continue;
    }
    sort_servers(port.servers);
    placed.ports.push_back(std::move(port));
  }
  return placed;
}

bool is_up(const MarathonApp& app, const MarathonTask& task, const HealthMemory& memory, const RoutingRules& rules) {
  if (phase_of(task) != TaskPhase::kRunning && !is_kept_silent(task, memory, rules)) return false;
  switch (health_of(app, task)) {
    case HealthWord::kNotChecked:
    case HealthWord::kAlive:
      return true;
    case HealthWord::kDead:
      return false;
    case HealthWord::kNoResult:
      return memory.remembers_alive(task.id);
  }
  return false;
}

// Readiness is asked once, while the deployment that starts the task runs; its older tasks have no results. What was
// served stays: results are lost where Marathon fails over.
bool is_unready(const MarathonApp& app, const MarathonTask& task, const HealthMemory& memory,
                const RoutingRules& rules) {
  return rules.respect_readiness && app.readiness_checks > 0 && app.deploying && task.version == app.version &&
         phase_of(task) == TaskPhase::kRunning && !task.ready.value_or(false) && !memory.remembers_alive(task.id);
}

bool is_host_name(const std::string& host) {
  constexpr std::size_t kLongest = 253;  // RFC 1035
  return !host.empty() && host.size() <= kLongest && host.front() != '-' &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("._-").find(c) != std::string_view::npos;
         });
}

}  // namespace chorale::agent
