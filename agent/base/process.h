// Runs a child to its end and keeps what it said. Blocking: for the worker pool and the command line.
//
// No SIGCHLD handler and no pidfd: the first would take other libraries' children, the second is missing on EL7's
// kernel. The child leads its own process group, inherits no descriptor but its output and no variable
// CHORALE_*, and dies with its deadline.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/types.h"

namespace chorale::agent {

struct ProcessResult {
  int exit_code = 0;   // 128 + signal if one ended it
  std::string output;  // stdout and stderr together, the first 64 KiB
  Milliseconds took{0};
};

inline constexpr Milliseconds kMaxProcessTime{60'000};
inline const std::atomic<bool> kNeverStopped{false};

struct ProcessFailure {
  std::string message;  // "cannot run nginx: No such file or directory", "nginx did not end within 10000 ms ..."
  std::optional<std::string> start_error;  // the system's reason, where it could not be started
};

// Fails where it could not be started, or took too long. `stop` ends the child early.
[[nodiscard]] tl::expected<ProcessResult, ProcessFailure> run_process(const std::vector<std::string>& arguments,
                                                                      Milliseconds timeout,
                                                                      const std::atomic<bool>& stop = kNeverStopped);

}  // namespace chorale::agent
