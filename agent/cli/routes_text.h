// The routes as `chorale routes [APP]` prints them. Pure.
#pragma once

#include <string>

#include "render/routing_state.h"

namespace chorale::agent {

[[nodiscard]] std::string routes_text(const render::RoutingState& routes);
[[nodiscard]] std::string app_text(const render::App& app);
// nullptr: no such app. "shop/cart" finds "/shop/cart".
[[nodiscard]] const render::App* find_app(const render::RoutingState& routes, const std::string& id);

}  // namespace chorale::agent
