// What Nginx has written to its error logs since a given moment. Blocking, but quick; worker pool only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/unique_fd.h"

namespace chorale::agent {

// The messages of `[emerg] <pid>#...: ` lines, complete lines only: other processes (a test by hand) write there too.
[[nodiscard]] std::vector<std::string> emergencies(std::string_view log, int pid);

// Holds the files open, so that what was written before a rotation is still read; then follows the new file.
class ErrorLogTail {
 public:
  explicit ErrorLogTail(const std::vector<std::string>& paths);  // from their current ends; unreadable ones are skipped

  // Everything since construction, at most 64 KiB per file.
  [[nodiscard]] std::string text();

 private:
  struct Log {
    std::string path;
    UniqueFd file;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t offset = 0;
    std::string text;
  };
  static void read_on(Log& log);

  std::vector<Log> logs_;
};

}  // namespace chorale::agent
