// A program that a test starts and that never outlives it: killed by its pid at the end, and by the kernel if the test
// itself is killed. REQUIRES: made on a thread that lives as long as the child should (the kernel watches that thread).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace chorale::testing {

class ChildProcess {
 public:
  // Starts command[0], looked up in PATH; its output is appended to `output`. Throws std::system_error if it cannot
  // fork; a program that cannot be run shows as one that exited with 127.
  ChildProcess(const std::vector<std::string>& command, const std::filesystem::path& output);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  // Does nothing once it has ended: the pid may be somebody else's by then.
  void signal(int number);
  // SIGSTOP. Ensures: every thread of it stands still (or it has ended); kill(2) alone returns before that.
  void pause();
  void resume();  // SIGCONT
  // True if it ended in time. Its exit code, or 128 + the signal that ended it, is then in exit_code().
  [[nodiscard]] bool wait(std::chrono::milliseconds limit);
  [[nodiscard]] std::optional<int> exit_code() const { return exit_code_; }
  // kill -9, and wait for its end.
  void kill();

 private:
  void take_status(int status);

  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace chorale::testing
