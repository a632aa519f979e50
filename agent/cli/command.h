// Runs a program to its end, with a deadline, and keeps what it says. Blocking; for the command line only.
#pragma once

#include <chrono>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace chorale::agent {

struct CommandResult {
  int exit_code = 0;   // 128 + the signal that ended it
  std::string output;  // stdout and stderr, at most 64 KiB
};

// The error: it could not be started, or was killed after `limit`.
[[nodiscard]] tl::expected<CommandResult, std::string> run_command(const std::vector<std::string>& command,
                                                                   std::chrono::milliseconds limit);

}  // namespace chorale::agent
