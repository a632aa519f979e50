#include "agent/cli/operator_name.h"

#include <cstdlib>

namespace chorale::agent {

std::string operator_name() {
  for (const char* variable : {"SUDO_USER", "USER", "LOGNAME"}) {
    const char* name = std::getenv(variable);
    if (name != nullptr && *name != '\0') return name;
  }
  return "an operator";
}

}  // namespace chorale::agent
