// How long something took or lasted, for people. Pure.
#pragma once

#include <string>

#include "agent/base/types.h"

namespace chorale::agent {

// "0.14 s", "3.4 s", "34 s", then as age_text() does: more digits would say nothing. REQUIRES: not negative.
[[nodiscard]] std::string duration_text(Milliseconds duration);

}  // namespace chorale::agent
