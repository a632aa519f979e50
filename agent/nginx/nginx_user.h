// Who this host's Nginx workers are, as Nginx itself was told: the value of @{nginx_user}.
#pragma once

#include <string>
#include <string_view>

#include "agent/nginx/config_in_use.h"

namespace chorale::agent {

// Pure. What `user` of the main context says, "www-data" or "nobody nogroup"; "" if it is not there.
[[nodiscard]] std::string user_in(std::string_view config);

// What a `user` directive may say on this host, never empty: what the config said before Chorale wrote it, else what
// Nginx was built with (nobody, where that does not say), else an account that exists. Blocking, but quick.
[[nodiscard]] std::string nginx_user(const std::string& config_file, const BuildPaths& build);

}  // namespace chorale::agent
