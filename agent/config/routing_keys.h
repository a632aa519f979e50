// The keys of chorale.toml that decide which apps and tasks are routed. Pure.
#pragma once

#include <vector>

#include "agent/config/key_table.h"

namespace chorale::agent {

[[nodiscard]] std::vector<Key> routing_keys();

}  // namespace chorale::agent
