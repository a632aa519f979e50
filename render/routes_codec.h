// routes.json: the routing state as JSON, one line per app, so that a person finds any app and a diff is readable.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "render/error.h"
#include "render/routing_state.h"
#include "render/template.h"

namespace chorale::render {

// Ensures: equal states give equal texts; sections name the app of every line; decode(encode(s)) == s.
[[nodiscard]] Rendered encode_routes(const RoutingState& state);
// Refuses what breaks an invariant of RoutingState; never returns less than was written.
[[nodiscard]] tl::expected<RoutingState, Error> decode_routes(std::string_view text);

}  // namespace chorale::render
