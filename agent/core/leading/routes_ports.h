// Which ports an app has, which of them its servers are of, and the hosts that one port has for itself. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/routing_rules.h"
#include "agent/base/types.h"
#include "agent/core/leading/marathon_apps.h"

namespace chorale::agent {

inline constexpr const char* kPortLabel = "chorale.port";

// The ports as declared; where an old or partial definition declares none, one for each port that a task got.
[[nodiscard]] std::vector<MarathonPort> declared_ports(const MarathonApp& app);

// Why no task can be reached at this port, as the app defines it; nullopt: it can.
[[nodiscard]] std::optional<std::string> unreachable_port(const MarathonApp& app, const MarathonPort& port,
                                                          const RoutingRules& rules);

// The index of the port whose servers are the app's: label `chorale.port`, a port's name or index; else the first that
// can be reached. Never the one after it for want of servers: that may be a port that is not meant for everybody. The
// failure says of the label what is wrong, to go on from "is left out: ".
[[nodiscard]] tl::expected<std::size_t, Failure> choose_main_port(const MarathonApp& app,
                                                                  const std::vector<MarathonPort>& ports,
                                                                  const RoutingRules& rules);

struct PortHosts {
  std::map<std::int32_t, std::vector<std::string>> hosts;  // by index; lower case, distinct within a port
  std::vector<std::string> reasons;                        // what is missing: to go on from "is served without "
};

// Labels `chorale.N.host`, blank-separated as `subdomain`; N is a port's name or index. `longest`: see choose_hosts.
[[nodiscard]] PortHosts choose_port_hosts(const MarathonApp& app, const std::vector<MarathonPort>& ports,
                                          std::size_t longest);

}  // namespace chorale::agent
