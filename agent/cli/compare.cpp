// `chorale compare FILE`: what an Nginx file in service, Nixy's for one, routes otherwise than the committed routes do.
#include <iostream>
#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/comparison.h"
#include "agent/cli/load.h"
#include "agent/cli/read_routes.h"
#include "agent/cli/resolve_names.h"
#include "agent/cli/table.h"
#include "render/merged_apps.h"

namespace chorale::agent {

int run_compare(const std::string& config_file, const std::string& nginx_file) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  const auto text = slurp(nginx_file);
  if (!text) return complain(text.error());
  const auto upstreams = upstreams_of(*text);
  if (upstreams.empty()) {
    return complain(
        {kExitUsage, safe(nginx_file) +
                         ": no upstream stands there; includes are not followed: `nginx -T` prints all files "
                         "as one"});
  }
  const auto routes = read_routes(*config);
  if (!routes) return complain(routes.error());
  HostAddresses addresses;
  for (const auto& [name, resolved] : resolve_names(host_names_in(upstreams))) {
    addresses[name].insert(resolved.begin(), resolved.end());
  }
  const Comparison comparison =
      compare_routes(render::merged_by_label(*routes, config->routing.merge_label), upstreams, addresses);
  std::cout << comparison_text(comparison);
  return comparison.equal() ? kExitFine : kExitNo;
}

}  // namespace chorale::agent
