// What one revision routes otherwise than another, for people. Pure.
#pragma once

#include <string>

#include "render/routes_difference.h"

namespace chorale::agent {

// One line for each app, '+' added, '-' removed, '~' changed with its servers below; then the counts.
[[nodiscard]] std::string difference_text(const render::RoutesDifference& difference);

}  // namespace chorale::agent
