// Checks the invariants of render/routing_state.h: for every state that is read back, and for every state before it is
// published, since what could not be read back must not be written. Pure.
#pragma once

#include <optional>

#include "render/error.h"
#include "render/routing_state.h"

namespace chorale::render {

// The first invariant that does not hold, in the order of the apps. The error's line is that of the app in routes.json;
// of two apps that clash, the later one. The message names the app, but never holds the refused value itself, which may
// hold control characters.
[[nodiscard]] std::optional<Error> find_broken_invariant(const RoutingState& state);

}  // namespace chorale::render
