// From the config to a rendered nginx.conf, as the leader and this proxy would make it; for `render` and `check`.
#pragma once

#include <map>
#include <string>
#include <tl/expected.hpp>

#include "agent/cli/cluster_session.h"
#include "agent/config/config.h"
#include "agent/nginx/nginx_here.h"
#include "render/routing_state.h"
#include "render/template.h"

namespace chorale::agent {

[[nodiscard]] tl::expected<render::Template, CliError> read_template(const Config& config);
[[nodiscard]] NginxHere nginx_here(const Config& config);
// Rendered, with these local values.
[[nodiscard]] tl::expected<std::string, CliError> render_here(const render::Template& compiled,
                                                              const std::map<std::string, std::string>& values,
                                                              const render::RoutingState& state);
// One of everything that a template may meet: several ports, IPv6, every label that has a name, a health
// path, a port with a host of its own, an app in a group; where `rules` keep them an app without servers.
[[nodiscard]] render::RoutingState sample_state(const RoutingRules& rules);

}  // namespace chorale::agent
