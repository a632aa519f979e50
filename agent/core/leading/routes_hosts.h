// Under which host names an app is reached: Nixy's labels and its app-id rule. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "agent/core/leading/marathon_apps.h"

namespace chorale::agent {

struct HostChoice {
  bool served = true;                // false: a label asks for hosts and names none that is valid, as in Nixy
  std::vector<std::string> hosts;    // lower case (host names are), distinct, in the label's order; may be empty
  std::vector<std::string> reasons;  // what is missing and why: to go on from "is served without"
};

// Label `subdomain`, else `moxy_subdomain` (blank-separated), else the app id reversed: "/shop/cart" -> "cart.shop". An
// app whose id gives no valid host has none, but is served: templates that route by path reach it. Wildcards are no
// hosts, as in Nixy: with `server_name h h.*`, "*.foo" would refuse the whole file. `longest`: of a host in bytes,
// where the template is bounded (RoutePolicy::longest_server_name); 0: no bound beyond that of host names.
[[nodiscard]] HostChoice choose_hosts(const MarathonApp& app, std::size_t longest = 0);

// The hosts that one label names; its reasons as above.
[[nodiscard]] HostChoice hosts_of_label(const std::string& label, const std::string& value, std::size_t longest);

// "has 50 bytes, more than the 46 that the template in use can take: ...", to go on from a host's name.
[[nodiscard]] std::string too_long(std::size_t bytes, std::size_t longest);

}  // namespace chorale::agent
