// The running Nginx, seen through its pid file and /proc. Blocking, but quick; worker pool only.
//
// A pid is never signalled on the word of a pid file: if it is stale, a SIGHUP ends the process that has that number
// now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/applying/config_content.h"

namespace chorale::agent {

struct BuildPaths;
struct NginxLocations;

struct ProcessStat {
  char state = '?';  // as in proc(5): T is stopped, Z a zombie
  int parent = 0;
  std::int64_t started_ms = 0;  // since boot
};
// Of /proc/<pid>/stat. The name in it may hold blanks and parentheses.
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view text, std::int64_t ticks_per_second);
// The pid in a pid file: digits, with nothing but blanks around them. `nginx -t` leaves empty ones.
[[nodiscard]] std::optional<int> parse_pid(std::string_view text);
// "nginx: master process ..." (or another program's name, for a build that goes by another name).
[[nodiscard]] bool is_master_title(std::string_view title, std::string_view program);

[[nodiscard]] std::optional<ProcessStat> process_stat(int pid);
// The first pid file that names a live master; else why the first one does not.
[[nodiscard]] tl::expected<MasterProcess, Failure> find_master(const std::vector<std::string>& pid_files,
                                                               const std::string& program);
// As find_master, and it is known of no other configuration file.
[[nodiscard]] tl::expected<MasterProcess, Failure> find_own_master(const NginxLocations& locations,
                                                                   const std::string& program);
// The file that it is known to read, if that is another than `config_file`.
[[nodiscard]] std::optional<std::string> config_read_by(const MasterProcess& master, const std::string& config_file,
                                                        const BuildPaths& build);
// The master's pid as it calls itself in its log: another number if it lives in a pid namespace.
[[nodiscard]] int pid_in_own_namespace(int pid);

struct Workers {
  std::vector<int> serving;
  std::vector<int> leaving;  // shutting down: they finish old requests and accept nothing new
};
[[nodiscard]] Workers workers_of(int master);

enum class Signalled { kSent, kForbidden, kGone };
// SIGHUP, if this is still the same process under the same title.
[[nodiscard]] Signalled signal_reload(const MasterProcess& master, const std::string& program);

}  // namespace chorale::agent
