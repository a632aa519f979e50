#include "agent/nginx/locations.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace chorale::agent {
namespace {

// What the packages of the distributions are compiled with; they agree on both.
constexpr const char* kDefaultPidFile = "/run/nginx.pid";
constexpr const char* kDefaultErrorLog = "/var/log/nginx/error.log";

// The argument of a command line option that is written as "-p value" or "-pvalue".
std::string option_value(const std::vector<std::string>& command, std::string_view option) {
  for (std::size_t i = 1; i < command.size(); ++i) {
    if (command[i] == option && i + 1 < command.size()) return command[i + 1];
    if (command[i].compare(0, option.size(), option) == 0) return command[i].substr(option.size());
  }
  return {};
}

void add(std::vector<std::string>& paths, const std::string& prefix, std::string path) {
  if (path.empty()) return;
  if (path.front() != '/') {
    if (prefix.empty()) return;  // relative to a prefix that is compiled in: unknown
    path = prefix + (prefix.back() == '/' ? "" : "/") + path;
  }
  if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(std::move(path));
}

bool is_file(const std::string& log) {
  return log != "stderr" && log.compare(0, 7, "syslog:") != 0 && log.compare(0, 7, "memory:") != 0;
}

}  // namespace

NginxLocations nginx_locations(const MainDirectives& now, const MainDirectives& before,
                               const std::vector<std::string>& command, const std::string& pid_option) {
  const std::string prefix = option_value(command, "-p");
  NginxLocations found;
  if (!pid_option.empty()) found.pid_files.push_back(pid_option);
  for (const MainDirectives* directives : {&now, &before}) {
    if (pid_option.empty()) add(found.pid_files, prefix, directives->pid.value_or(kDefaultPidFile));
    for (const std::string& log : directives->error_logs) {
      if (is_file(log)) add(found.error_logs, prefix, log);
    }
    if (directives->error_logs.empty()) add(found.error_logs, prefix, kDefaultErrorLog);
  }
  add(found.error_logs, prefix, option_value(command, "-e"));
  return found;
}

std::string program_name(const std::vector<std::string>& command) {
  return command.empty() ? std::string() : command.front().substr(command.front().find_last_of('/') + 1);
}

}  // namespace chorale::agent
