// What the agent on this host says over its admin API: how `status` and `routes` see a standalone agent. Blocking.
#pragma once

#include <chrono>
#include <string>
#include <tl/expected.hpp>

#include "agent/cli/cluster_session.h"
#include "agent/config/config.h"
#include "coordination/cluster_reader.h"
#include "render/routing_state.h"

namespace chorale::agent {

[[nodiscard]] tl::expected<coordination::ClusterSnapshot, CliError> ask_local_status(const Config& config,
                                                                                     std::chrono::milliseconds limit);
// As much of the routing state as /v1/config shows: hosts and servers, no paths.
[[nodiscard]] tl::expected<render::RoutingState, CliError> ask_local_routes(const Config& config,
                                                                            std::chrono::milliseconds limit);

// The bodies of /v1/status and /v1/config as values; the error says what is wrong with them.
[[nodiscard]] tl::expected<coordination::ClusterSnapshot, std::string> read_status_body(const std::string& body);
[[nodiscard]] tl::expected<render::RoutingState, std::string> read_config_body(const std::string& body);

}  // namespace chorale::agent
