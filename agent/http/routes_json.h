// The body of /v1/routes: what this proxy serves. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/types.h"
#include "coordination/types.h"
#include "render/routing_state.h"

namespace chorale::agent {

struct AppliedRoutes {
  std::optional<coordination::Identity> identity;  // that the routes are of; nullopt: of an earlier life of this agent
  std::string at;                                  // ISO 8601; empty: not known
};

// {"applied": {"revision", "digest", "at", "age_s"}, "conflicts": [{"host" or "service_port" and "protocol", "owner",
// "losers"}], "routes": <as routes.json has them>}. `state`: null: nothing was ever applied. `app`: that one alone, and
// the conflicts that it has a part in; the Failure: it is not routed. `merge_label`: as in RoutingRules. `time`: now,
// in seconds since 1970.
[[nodiscard]] tl::expected<std::string, Failure> routes_json(const AppliedRoutes& applied,
                                                             const render::RoutingState* state,
                                                             const std::optional<std::string>& app,
                                                             const std::string& merge_label, std::int64_t time);

}  // namespace chorale::agent
