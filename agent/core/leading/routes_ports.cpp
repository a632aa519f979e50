#include "agent/core/leading/routes_ports.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "agent/base/one_line.h"
#include "agent/core/leading/routes_hosts.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kHostBegin = "chorale.";
constexpr std::string_view kHostEnd = ".host";

// By its name, else by its index.
std::optional<std::size_t> find_port(const std::vector<MarathonPort>& ports, std::string_view which) {
  if (which.empty()) return std::nullopt;
  const auto named =
      std::find_if(ports.begin(), ports.end(), [&](const MarathonPort& port) { return port.name == which; });
  if (named != ports.end()) return static_cast<std::size_t>(named - ports.begin());
  std::size_t index = 0;
  const auto [end, code] = std::from_chars(which.data(), which.data() + which.size(), index);
  if (code != std::errc() || end != which.data() + which.size() || index >= ports.size()) return std::nullopt;
  return index;
}

}  // namespace

std::vector<MarathonPort> declared_ports(const MarathonApp& app) {
  if (!app.ports.empty()) return app.ports;
  std::size_t most = 0;
  for (const MarathonTask& task : app.tasks) most = std::max(most, task.ports.size());
  return std::vector<MarathonPort>(most);
}

std::optional<std::string> unreachable_port(const MarathonApp& app, const MarathonPort& port,
                                            const RoutingRules& rules) {
  if (app.network == NetworkMode::kHost || port.has_host_port) return std::nullopt;
  if (app.network == NetworkMode::kBridge) return "the port has no host port";
  if (!rules.container_addresses) return "the port has no host port, and ip_per_task is \"never\"";
  if (port.container_port <= 0 || port.container_port > 65'535) {
    return "the port has neither a host port nor a container port";
  }
  return std::nullopt;
}

tl::expected<std::size_t, Failure> choose_main_port(const MarathonApp& app, const std::vector<MarathonPort>& ports,
                                                    const RoutingRules& rules) {
  if (app.main_port) return *app.main_port;
  if (const auto label = app.labels.find(kPortLabel); label != app.labels.end()) {
    if (const auto chosen = find_port(ports, label->second)) return *chosen;
    return tl::unexpected(Failure{std::string("its label ") + kPortLabel + " names none of its " +
                                  std::to_string(ports.size()) + " ports: \"" + one_line(label->second) + "\""});
  }
  const auto first = std::find_if(ports.begin(), ports.end(),
                                  [&](const MarathonPort& port) { return !unreachable_port(app, port, rules); });
  return first == ports.end() ? 0 : static_cast<std::size_t>(first - ports.begin());
}

PortHosts choose_port_hosts(const MarathonApp& app, const std::vector<MarathonPort>& ports, std::size_t longest) {
  PortHosts chosen;
  for (auto label = app.labels.lower_bound(std::string(kHostBegin));
       label != app.labels.end() && label->first.starts_with(kHostBegin); ++label) {
    std::string_view which = std::string_view(label->first).substr(kHostBegin.size());
    if (!which.ends_with(kHostEnd)) continue;
    which.remove_suffix(kHostEnd.size());
    const auto port = find_port(ports, which);
    if (!port) {
      chosen.reasons.push_back("its label " + one_line(label->first) + ": it names none of its ports");
      continue;
    }
    HostChoice choice = hosts_of_label(label->first, label->second, longest);
    std::move(choice.reasons.begin(), choice.reasons.end(), std::back_inserter(chosen.reasons));
    std::vector<std::string>& hosts = chosen.hosts[static_cast<std::int32_t>(*port)];
    for (std::string& host : choice.hosts) {
      if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(std::move(host));
    }
  }
  return chosen;
}

}  // namespace chorale::agent
