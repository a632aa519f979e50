// Who gives an order on this command line, as far as the environment tells: for znodes and the log, never for
// decisions.
#pragma once

#include <string>

namespace chorale::agent {

[[nodiscard]] std::string operator_name();

}  // namespace chorale::agent
