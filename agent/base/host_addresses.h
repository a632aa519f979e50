// Whether an address is this host's.
#pragma once

#include <string>

namespace chorale::agent {

// A literal address that an interface of this host has now, or a loopback one. True where that cannot be known.
[[nodiscard]] bool is_of_this_host(const std::string& address);

}  // namespace chorale::agent
