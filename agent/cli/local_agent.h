// The agent on this host: how `status` and `routes` see a standalone agent, which has no ZooKeeper to ask, and how an
// operator steers this proxy. Blocking.
#pragma once

#include <chrono>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/types.h"
#include "agent/base/url.h"
#include "agent/cli/cluster_session.h"
#include "agent/config/config.h"
#include "coordination/cluster_reader.h"
#include "render/routing_state.h"

namespace chorale::agent {

// A page of the admin API as this host reaches it: by loopback where the agent listens on every address.
[[nodiscard]] Url admin_url(const Config& config, const std::string& path);

// From its admin API.
[[nodiscard]] tl::expected<coordination::ClusterSnapshot, CliError> ask_local_status(const Config& config,
                                                                                     std::chrono::milliseconds limit);
// Likewise, where ZooKeeper is configured and cannot be reached: of the agent that may still reach it.
[[nodiscard]] tl::expected<coordination::ClusterSnapshot, Failure> ask_agents_status(const Config& config,
                                                                                     std::chrono::milliseconds limit);
// What it says of itself at /v1/health, and of the cluster as it heard of it last.
[[nodiscard]] tl::expected<std::string, Failure> ask_health(const Config& config, std::chrono::milliseconds limit);
// What this proxy's Nginx serves, as the agent last kept it in state_dir.
[[nodiscard]] tl::expected<render::RoutingState, CliError> read_local_routes(const Config& config);

// POST to the page over its unix socket, for root alone. What it says, in one line; the error: it cannot be asked, or
// why it says no.
[[nodiscard]] tl::expected<std::string, CliError> tell_local_agent(const Config& config, const std::string& page,
                                                                   const std::string& body);

// GET of the page over its unix socket, for root alone.
[[nodiscard]] tl::expected<std::string, CliError> ask_local_agent(const Config& config, const std::string& page,
                                                                  std::chrono::milliseconds limit);

// The body of /v1/status; the error says what is wrong with it.
[[nodiscard]] tl::expected<coordination::ClusterSnapshot, Failure> read_status_body(const std::string& body);

}  // namespace chorale::agent
