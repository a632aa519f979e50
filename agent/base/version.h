// Which Chorale this is.
#pragma once

#include <string>

namespace chorale::agent {

[[nodiscard]] std::string version();  // "0.1.0"

}  // namespace chorale::agent
