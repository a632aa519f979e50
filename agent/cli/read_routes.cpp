#include "agent/cli/read_routes.h"

#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/local_agent.h"
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

tl::expected<render::RoutingState, CliError> read_routes(const Config& config) {
  if (config.standalone) return read_local_routes(config);
  ClusterSession session(config.zookeeper);
  return read_committed(session);
}

}  // namespace chorale::agent
