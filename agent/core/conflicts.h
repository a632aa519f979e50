// What two apps of a routing state both want and one of them has: host names and service ports. Pure.
//
// Read from the state alone, so that every proxy can say it of what it serves, without Marathon and without a leader:
// an app's labels are among the routes, and so is a service port that it has lost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "render/routing_state.h"

namespace chorale::agent {

struct Conflict {
  std::string host;                 // empty: it is about a service port
  std::int32_t service_port = 0;    // 0: it is about a host
  std::string protocol;             // "tcp", "udp"; empty for a host
  std::string owner;                // the app that has it
  std::vector<std::string> losers;  // sorted: the apps that are served without it
  bool operator==(const Conflict&) const = default;
};

// Hosts first, by name; then service ports. `merge_label`: as in RoutingRules; apps that it makes one share what they
// have. An app that is not routed at all has no conflict: `explain` says why it is left out.
[[nodiscard]] std::vector<Conflict> conflicts_of(const render::RoutingState& state, const std::string& merge_label);

}  // namespace chorale::agent
