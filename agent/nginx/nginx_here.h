// What is known of this host's Nginx before anything is done with it. Blocking: runs `nginx_cmd -V`, once, at most 2 s;
// worker pool only (or before the loop runs).
#pragma once

#include <string>

#include "agent/nginx/config_in_use.h"
#include "agent/nginx/main_config.h"

namespace chorale::agent {

struct NginxHere {
  BuildPaths build;
  std::string main_config;  // see find_main_config(): the user's own that includes the target; empty: there is none
  std::string user;         // see nginx_user()
};
// What is built in is asked for here, whatever `sources.build` says.
[[nodiscard]] NginxHere find_nginx_here(MainConfigSources sources);

}  // namespace chorale::agent
