// Where this Nginx keeps its pid and its errors, as far as config and command line say. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/nginx/config_in_use.h"
#include "agent/nginx/config_text.h"

namespace chorale::agent {

struct NginxLocations {
  std::vector<std::string> pid_files;   // to be tried in this order
  std::vector<std::string> error_logs;  // regular files only; syslog, stderr and memory cannot be read
  std::string config_file{};            // what its master has to read; empty: whatever it reads
  BuildPaths build{};
  bool operator==(const NginxLocations&) const = default;
};

// `before` is the previous file's: a master that has not loaded the new one yet still writes to the old places.
// An option that is not empty rules out every other pid file.
[[nodiscard]] NginxLocations nginx_locations(const MainDirectives& now, const MainDirectives& before,
                                             const std::vector<std::string>& command, const std::string& pid_option);

// The base name of the program in a command line.
[[nodiscard]] std::string program_name(const std::vector<std::string>& command);

}  // namespace chorale::agent
