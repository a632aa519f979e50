// Waiting longer after each failure, never in step with other agents. Pure.
#pragma once

#include <algorithm>

#include "agent/base/types.h"
#include "coordination/require.h"

namespace chorale::agent {

// `first` doubled with every further failure up to `longest`, then a random half of it: between 0.5 and 1 times that.
// REQUIRES: failures >= 1; jitter in [0, 1).
[[nodiscard]] inline Milliseconds backoff(int failures, Milliseconds first, Milliseconds longest, double jitter) {
  coordination::require(failures >= 1, "a back-off follows a failure");
  constexpr int kMostDoublings = 20;
  const int doublings = std::min(failures - 1, kMostDoublings);
  const Milliseconds full = std::min(longest, Milliseconds(first.count() * (Milliseconds::rep{1} << doublings)));
  return Milliseconds(static_cast<Milliseconds::rep>(static_cast<double>(full.count()) * (0.5 + 0.5 * jitter)));
}

}  // namespace chorale::agent
