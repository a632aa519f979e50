// Types that all of the agent shares.
#pragma once

#include <chrono>
#include <string>

#include "coordination/log_line.h"

namespace chorale::agent {

// The steady clock, handed in by the loop; nothing in core/ reads a clock by itself.
using TimePoint = std::chrono::steady_clock::time_point;
using Milliseconds = std::chrono::milliseconds;

// Why something failed, for people: what failed, on what, and what to do. Never holds a secret.
struct Failure {
  std::string message;
  bool operator==(const Failure&) const = default;
};

using coordination::LogLine;

}  // namespace chorale::agent
