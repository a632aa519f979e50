// The user's own nginx.conf, where Chorale's file is only one that it includes. Blocking, but quick; worker pool only
// (or before the loop runs).
//
// `nginx -t -c` cannot test such a file alone, and putting it in place to test the whole would break what a restart
// reads. So a copy of the main config is tested, in which the includes that lead to the file name what they stand for,
// one by one and in Nginx's order, with the draft in the file's place. The copy stands beside the main config: relative
// paths of all included files start from that directory, wherever they stand themselves.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/atomic_file.h"
#include "agent/base/types.h"
#include "agent/nginx/config_in_use.h"

namespace chorale::agent {

// Whether Nginx, reading `main`, reads `target` too, once it is there. False as well where `main` cannot be read.
[[nodiscard]] bool includes_file(const std::string& main, const std::string& target);

struct MainConfigSources {
  std::string target;                // nginx_config
  std::string option;                // nginx_main_config; where it is set, and not to the target, it counts alone
  std::vector<std::string> command;  // nginx_cmd
  std::string pid_option;            // nginx_pid
  BuildPaths build;
  bool ask_running = true;  // false: no pid file is read
};
// The file that includes the target: what the running Nginx reads, else what the command would. Empty: neither does, so
// that the target is the whole configuration.
[[nodiscard]] std::string find_main_config(const MainConfigSources& sources);

struct DraftPlace {
  std::string main;
  std::string target;
  std::string draft;   // what is to be read in its place
  std::string copies;  // what the paths of further copies begin with, of files between `main` and the target
};
// Where the copy of `main` for this draft stands. Its name does not end as the draft's does.
[[nodiscard]] std::string main_copy(const std::string& main, const std::string& draft);

struct ConfigCopy {
  std::string path;
  std::string text;  // of as many lines as the original
  Ownership ownership;
};
// What has to be written for a test; the copy of the main config is the last. The error: it cannot be read, or does not
// include the target, or would include the drafts themselves.
[[nodiscard]] tl::expected<std::vector<ConfigCopy>, Failure> copies_with_draft(const DraftPlace& place);

}  // namespace chorale::agent
