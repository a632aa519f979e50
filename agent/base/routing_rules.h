// What a configuration lets an operator decide about which apps and tasks are routed, and how. Plain values; the same
// for a whole pool (agent/config/policy_values.h).
#pragma once

#include <set>
#include <string>

namespace chorale::agent {

struct RoutingRules {
  std::set<std::string> realm;      // empty: all apps; else label NIXY_REALM must equal one of them
  bool keep_unreachable = false;    // a routed task that may run or not stays routed while Marathon lists it
  bool container_addresses = true;  // a port without a host port is reached at the container's own address
  bool respect_readiness = false;   // what a deployment starts is routed once its readiness checks say so
  bool keep_empty = false;          // an app without servers stays among the routes
  std::string merge_label{};        // apps of which it has the same value are shown to templates as one; empty: none
  bool pods = true;                 // pods are routed as apps are
  bool operator==(const RoutingRules&) const = default;
};

// As templates, routes.json and the pool's policy have it: "prod", "blue,green". One realm is itself.
[[nodiscard]] inline std::string realm_text(const std::set<std::string>& realm) {
  std::string text;
  for (const std::string& one : realm) text += (text.empty() ? "" : ",") + one;
  return text;
}

}  // namespace chorale::agent
