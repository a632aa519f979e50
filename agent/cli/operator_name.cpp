#include "agent/cli/operator_name.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace chorale::agent {

std::string operator_name() {
  for (const char* variable : {"SUDO_USER", "USER", "LOGNAME"}) {
    const char* name = std::getenv(variable);
    if (name != nullptr && *name != '\0') return name;
  }
  const passwd* entry = getpwuid(getuid());
  return entry != nullptr ? entry->pw_name : "an operator";
}

}  // namespace chorale::agent
