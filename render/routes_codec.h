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
// Refuses what breaks an invariant of RoutingState; never returns fewer apps, ports or servers than were written. That
// it is the text that was published is for the caller to know, by its digest: another order of keys means the same.
//
// Versions. Unknown keys are ignored; new ones of the whole file belong on the first line, before "apps". A missing key
// has the default of RoutingState, except what says which thing it is: the realm, an app's id, name, path and ports, a
// port's index and servers, a server's address and task id. A key of another type is an error.
[[nodiscard]] tl::expected<RoutingState, Error> decode_routes(std::string_view text);

}  // namespace chorale::render
