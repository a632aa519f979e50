// An explanation as people read it: the verdict first, lines of at most 80 columns. Pure.
#pragma once

#include <string>

#include "agent/core/explanation.h"

namespace chorale::agent {

[[nodiscard]] std::string explain_text(const Explanation& explanation);

}  // namespace chorale::agent
