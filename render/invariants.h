// Does a routing state keep the promises that render/routing_state.h makes? Asked of every state that is read back, and
// of every state before it is published: what could not be read back must not be written. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "render/routing_state.h"

namespace chorale::render {

struct BrokenInvariant {
  std::size_t app_index = 0;  // the app that breaks it; of two that clash, the later one
  std::string message;        // names the app; never holds the refused value itself, which may hold control characters
};

// The first invariant that does not hold, in the order of the apps.
[[nodiscard]] std::optional<BrokenInvariant> find_broken_invariant(const RoutingState& state);

}  // namespace chorale::render
