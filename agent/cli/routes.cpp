// `chorale routes [APP]`: what the committed revision routes, read from its routes.json.
#include <iostream>
#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/load.h"
#include "agent/cli/read_routes.h"
#include "agent/cli/routes_text.h"
#include "agent/cli/table.h"

namespace chorale::agent {
int run_routes(const std::string& config_file, const std::string& app) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  const auto routes = read_routes(*config);
  if (!routes) return complain(routes.error());
  if (app.empty()) {
    std::cout << routes_text(*routes);
    return kExitFine;
  }
  const render::App* found = find_app(*routes, app);
  if (found == nullptr) return complain({kExitNo, "app " + safe(app) + " is not routed"});
  std::cout << app_text(*found);
  return kExitFine;
}

}  // namespace chorale::agent
