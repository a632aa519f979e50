// What is committed, as a verb on this host can find it out: from ZooKeeper, else from what this proxy applied last.
// Blocking.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "agent/cli/cluster_session.h"
#include "agent/config/config.h"
#include "render/routing_state.h"

namespace chorale::agent {

struct KnownState {
  tl::expected<coordination::ClusterSnapshot, CliError> cluster = tl::unexpected(CliError{});
  std::shared_ptr<const render::RoutingState> routes;  // null: nothing is committed, or nothing is known
  std::int64_t routes_at = 0;                          // of those from this proxy, in seconds since 1970
  std::string template_text;                           // of the template in use, else of this proxy's; may be empty
};

[[nodiscard]] KnownState read_known_state(const Config& config);

}  // namespace chorale::agent
