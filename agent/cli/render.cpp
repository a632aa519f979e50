// `chorale render [--apps apps.json]`: nginx.conf as this proxy would get it, on stdout.
#include <algorithm>
#include <iostream>
#include <optional>
#include <utility>

#include "agent/cli/cli.h"
#include "agent/cli/load.h"
#include "agent/cli/rendering.h"
#include "agent/cli/resolve_names.h"
#include "agent/cli/table.h"
#include "agent/core/leading/routes.h"
#include "agent/marathon/apps_parser.h"
#include "render/server_names.h"
#include "render/service_ports.h"

namespace chorale::agent {
namespace {

tl::expected<render::RoutingState, CliError> read_state(const Config& config, const std::string& apps_file,
                                                        const render::Template& compiled) {
  if (apps_file.empty()) return render::RoutingState{realm_text(config.routing.realm), {}};
  const auto body = slurp(apps_file);
  if (!body) return tl::unexpected(body.error());
  const auto apps = parse_apps(*body);
  if (!apps) return tl::unexpected(CliError{kExitUsage, apps_file + ": " + apps.error().message});
  HealthMemory memory;
  const RoutePolicy policy{config.routing,
                           config.expose_env,
                           config.health_memory,
                           reaches_cluster_on_loopback(config),
                           render::longest_server_name(compiled.text(), config.left_delimiter),
                           render::service_port_range(compiled.text(), config.left_delimiter)};
  Routes routes =
      build_routes(*apps, resolve_names(names_to_resolve(*apps)), policy, memory, std::chrono::steady_clock::now());
  for (const Exclusion& exclusion : routes.exclusions) {
    std::cerr << safe(text_of(exclusion)) << "\n";
  }
  const bool is_nameless = std::any_of(routes.exclusions.begin(), routes.exclusions.end(),
                                       [](const Exclusion& one) { return one.kind == Exclusion::Kind::kUnresolved; });
  if (routes.state.apps.empty() && is_nameless) {
    return tl::unexpected(CliError{kExitNo, "no app can be served: no slave's name can be resolved on this machine"});
  }
  return std::move(routes.state);
}

}  // namespace

int run_render(const std::string& config_file, const std::string& apps_file) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  const auto compiled = read_template(*config);
  if (!compiled) return complain(compiled.error());
  const auto state = read_state(*config, apps_file, *compiled);
  if (!state) return complain(state.error());
  const auto text = render_here(*compiled, local_values(*config, nginx_here(*config).user), *state);
  if (!text) return complain(text.error());
  std::cout << *text << std::flush;
  return std::cout ? kExitFine : kExitNo;
}

}  // namespace chorale::agent
