#include "agent/nginx/nginx_here.h"

#include "agent/nginx/nginx_user.h"

namespace chorale::agent {

NginxHere find_nginx_here(MainConfigSources sources) {
  sources.build = ask_build(sources.command);
  NginxHere here{sources.build, find_main_config(sources), {}};
  here.user = nginx_user(here.main_config.empty() ? sources.target : here.main_config, here.build);
  return here;
}

}  // namespace chorale::agent
