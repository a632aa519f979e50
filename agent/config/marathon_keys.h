// The keys of chorale.toml that say where Marathon is and how it is followed: a part of the key table. Pure.
#pragma once

#include <vector>

#include "agent/config/key_table.h"

namespace chorale::agent {

// In the order of the texts.
[[nodiscard]] std::vector<Key> marathon_keys();

}  // namespace chorale::agent
