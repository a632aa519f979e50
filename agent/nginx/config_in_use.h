// Which file a running master reads: its own -c and -p, else what the program was built with.
//
// All of it is known from outside, though not everywhere (a relative path of a process whose directory may not be
// seen, a container): what is unknown is never held against a master.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chorale::agent {

// What `nginx -V` says; empty where it does not.
struct BuildPaths {
  std::string prefix;       // --prefix
  std::string config_file;  // --conf-path
  std::string user{};       // --user and --group, as in a `user` directive
  bool operator==(const BuildPaths&) const = default;
};

// Pure. Of the output of `nginx -V`.
[[nodiscard]] BuildPaths parse_build(std::string_view output);
// Pure. The absolute path that a master of this title reads; nullopt: unknown. `directory`: where it was started, or
// empty.
[[nodiscard]] std::optional<std::string> config_of_title(std::string_view title, const BuildPaths& build,
                                                         const std::string& directory);

// Runs `command -V`. Blocking, at most 2 s; worker pool only.
[[nodiscard]] BuildPaths ask_build(const std::vector<std::string>& command);
// The other file that process `pid` is known to read; nullopt: it reads `config_file`, or that cannot be known.
// Blocking, but quick.
[[nodiscard]] std::optional<std::string> other_config(int pid, std::string_view title, const std::string& config_file,
                                                      const BuildPaths& build);

}  // namespace chorale::agent
