// Who says it: the login user, as sudo was called by; for znodes and the log.
#pragma once

#include <string>

namespace chorale::agent {

[[nodiscard]] std::string operator_name();

}  // namespace chorale::agent
