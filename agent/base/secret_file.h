// Files that hold a secret, and nothing else.
#pragma once

#include <cstddef>

namespace chorale::agent {

inline constexpr std::size_t kMaxSecretBytes = 16U << 10U;  // a service account holds a key

}  // namespace chorale::agent
