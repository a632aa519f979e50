// The committed routes; on a standalone proxy those that it applied last. Blocking.
#pragma once

#include <tl/expected.hpp>

#include "agent/cli/cluster_session.h"
#include "agent/config/config.h"
#include "render/routing_state.h"

namespace chorale::agent {

[[nodiscard]] tl::expected<render::RoutingState, CliError> read_routes(const Config& config);

}  // namespace chorale::agent
