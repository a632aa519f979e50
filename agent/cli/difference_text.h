// What one revision routes otherwise than another, for people. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "render/routes_difference.h"

namespace chorale::agent {

inline constexpr std::size_t kServersInText = 20;  // of each app, added and removed each; the rest is counted

// One line for each app, '+' added, '-' removed, '~' changed, with its servers below; then the counts. `before`,
// `after`: what `difference` was made of.
[[nodiscard]] std::string difference_text(const render::RoutesDifference& difference,
                                          const render::RoutingState& before, const render::RoutingState& after);

}  // namespace chorale::agent
