// Words that all of agent/core shares.
#pragma once

#include <chrono>
#include <string>

namespace chorale::agent {

// The steady clock, handed in by the loop; nothing in core reads a clock by itself.
using TimePoint = std::chrono::steady_clock::time_point;
using Milliseconds = std::chrono::milliseconds;

// Why something failed, for people: what failed, on what, and what to do. Never holds a secret.
struct Failure {
  std::string message;
  bool operator==(const Failure&) const = default;
};

// One line for the log, decided by pure code, written by the loop (which escapes and rate-limits it).
struct LogLine {
  enum class Level { kInfo, kWarning, kError };
  Level level = Level::kInfo;
  std::string text;
};

}  // namespace chorale::agent
