// /v1/config in the shape that Nixy's users know: same keys, same order, same null for what is absent. Pure.
//
// Differs from Nixy on purpose: Env holds only what expose_env names, Host is the resolved address that Nginx uses, and
// what the routing state does not carry (slave ids, start times, a definition's own host port) is empty.
#pragma once

#include <string>

#include "agent/http/admin_api.h"
#include "render/routing_state.h"

namespace chorale::agent {

// `routes` null: nothing is served yet, "Apps": null.
[[nodiscard]] std::string nixy_config_json(const std::string& xproxy, const std::string& realm,
                                           const StatsdConfig& statsd, const AppliedTimes& times,
                                           const render::RoutingState* routes);

}  // namespace chorale::agent
