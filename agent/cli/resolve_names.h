// Host names to addresses, for the command line. Blocking; what does not resolve is a warning on stderr.
#pragma once

#include <set>
#include <string>

#include "agent/core/leading/routes.h"

namespace chorale::agent {

[[nodiscard]] ResolvedNames resolve_names(const std::set<std::string>& names);

}  // namespace chorale::agent
