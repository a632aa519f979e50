// Who gives an order on this command line, as far as the environment tells: for people, never for decisions.
#pragma once

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace chorale::agent {

[[nodiscard]] inline std::string operator_name() {
  for (const char* variable : {"SUDO_USER", "USER", "LOGNAME"}) {
    const char* name = std::getenv(variable);
    if (name != nullptr && *name != '\0') return name;
  }
  const passwd* entry = getpwuid(getuid());
  return entry != nullptr ? entry->pw_name : "an operator";
}

}  // namespace chorale::agent
