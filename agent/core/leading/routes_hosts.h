// Under which host names an app is reached: Nixy's labels and its app-id rule. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/core/leading/marathon_apps.h"

namespace chorale::agent {

struct HostChoice {
  bool served = true;              // false: a label asks for hosts and names none that is valid, as in Nixy
  std::vector<std::string> hosts;  // lower case (host names are), distinct, in the label's order; may be empty
  std::vector<std::string> reasons;
};

// Label `subdomain`, else `moxy_subdomain` (blank-separated), else the app id reversed: "/shop/cart" -> "cart.shop". An
// app whose id gives no valid host has none, but is served: templates that route by path reach it.
[[nodiscard]] HostChoice choose_hosts(const MarathonApp& app);

}  // namespace chorale::agent
