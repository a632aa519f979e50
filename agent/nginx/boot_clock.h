// The clock that process start times are measured in: milliseconds since this boot, suspended time included.
#pragma once

#include <cstdint>
#include <string>

namespace chorale::agent {

[[nodiscard]] std::int64_t milliseconds_since_boot();
// The kernel's random id of this boot; empty where /proc does not have it.
[[nodiscard]] std::string boot_id();

}  // namespace chorale::agent
