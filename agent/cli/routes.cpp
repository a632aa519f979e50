// `chorale routes [APP]`: what the committed revision routes, read from its routes.json.
#include <iostream>
#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/load.h"
#include "agent/cli/local_agent.h"
#include "agent/cli/routes_text.h"
#include "agent/cli/table.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

constexpr int kAttempts = 2;

tl::expected<render::RoutingState, CliError> read_committed(ClusterSession& session) {
  tl::expected<std::string, CliError> text;
  // Between the two reads the revision may have been replaced and collected: look at the pointer once more.
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto cluster = session.read_cluster(kClusterPatience);
    if (!cluster) return tl::unexpected(cluster.error());
    const auto& committed = cluster->state.committed;
    if (!committed) return tl::unexpected(CliError{kExitNo, "nothing is committed yet; see `chorale status`"});
    text = session.read_file(committed->identity, "routes.json", kClusterPatience);
    if (text || text.error().exit_code == kExitUnreachable) break;
  }
  if (!text) return tl::unexpected(text.error());
  auto routes = render::decode_routes(*text);
  if (!routes) return tl::unexpected(CliError{kExitNo, routes.error().text()});
  return std::move(*routes);
}

}  // namespace

int run_routes(const std::string& config_file, const std::string& app) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  tl::expected<render::RoutingState, CliError> routes;
  if (config->standalone) {
    routes = read_local_routes(*config);
  } else {
    ClusterSession session(config->zookeeper);
    routes = read_committed(session);
  }
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
