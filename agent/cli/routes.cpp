// `chorale routes [APP]`: what the committed revision routes, read from its routes.json.
#include <chrono>
#include <iostream>
#include <string>

#include "agent/base/clock.h"
#include "agent/cli/cli.h"
#include "agent/cli/known_state.h"
#include "agent/cli/load.h"
#include "agent/cli/read_routes.h"
#include "agent/cli/routes_text.h"
#include "agent/cli/table.h"

namespace chorale::agent {
namespace {

int show(const render::RoutingState& routes, const std::string& app, int exit_code) {
  if (app.empty()) {
    std::cout << routes_text(routes);
    return exit_code;
  }
  const render::App* found = find_app(routes, app);
  if (found == nullptr) {
    const int code = exit_code == kExitFine ? kExitNo : exit_code;
    return complain({code, "app " + safe(app) + " is not routed; `chorale explain " + safe(app) + "` says why"});
  }
  std::cout << app_text(*found);
  return exit_code;
}

// ZooKeeper is away: what this proxy has applied last, with its age.
int show_own(const Config& config, const std::string& app, const CliError& why) {
  const OwnRoutes own = read_own_routes(config);
  if (!own.routes) return complain(why);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t age = std::chrono::duration_cast<std::chrono::seconds>(now).count() - own.at;
  std::cerr << why.message << "\nWhat this proxy has applied last, " << age_text(age) << " ago:\n";
  return show(*own.routes, app, why.exit_code);
}

}  // namespace

int run_routes(const std::string& config_file, const std::string& app) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  const auto routes = read_routes(*config);
  if (routes) return show(*routes, app, kExitFine);
  const bool is_away = !config->standalone && routes.error().exit_code == kExitUnreachable;
  return is_away ? show_own(*config, app, routes.error()) : complain(routes.error());
}

}  // namespace chorale::agent
