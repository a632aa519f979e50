#include "agent/cli/known_state.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "agent/base/text_file.h"
#include "agent/cli/cli.h"
#include "agent/cli/local_agent.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

constexpr int kReads = 2;

// Until the revision that is read is the one that is committed: it may be replaced, and collected, meanwhile.
void read_pool(const Config& config, KnownState& known) {
  ClusterSession session(config.zookeeper);
  for (int attempt = 0; attempt < kReads; ++attempt) {
    known.cluster = session.read_cluster(kClusterPatience);
    if (!known.cluster || !known.cluster->state.committed) return;
    const coordination::Identity identity = known.cluster->state.committed->identity;
    const auto text = session.read_file(identity, render::kRoutesFile, kClusterPatience);
    const auto used = text ? session.read_file(identity, "template", kClusterPatience) : text;
    if (!text) {
      if (attempt + 1 < kReads) continue;
      known.cluster = tl::unexpected(text.error());
      return;
    }
    auto routes = render::decode_routes(*text);
    if (!routes) {
      known.cluster = tl::unexpected(CliError{kExitNo, routes.error().text()});
      return;
    }
    known.routes = std::make_shared<const render::RoutingState>(std::move(*routes));
    if (used) known.template_text = *used;
    return;
  }
}

}  // namespace

KnownState read_known_state(const Config& config) {
  KnownState known;
  if (config.standalone) {
    known.cluster = ask_local_status(config, kClusterPatience);
  } else {
    read_pool(config, known);
  }
  if (config.standalone || !known.cluster) {
    OwnRoutes own = read_own_routes(config);
    known.routes = std::move(own.routes);
    known.routes_at = own.at;
  }
  if (known.template_text.empty()) known.template_text = read_text_file(config.nginx_template).value_or("");
  return known;
}

OwnRoutes read_own_routes(const Config& config) {
  auto routes = read_local_routes(config);
  if (!routes) return {};
  OwnRoutes own{std::make_shared<const render::RoutingState>(std::move(*routes)), 0};
  std::error_code error;
  const auto written = std::filesystem::last_write_time(config.state_dir + "/routes.json", error);
  if (error) return own;
  const auto at = std::chrono::file_clock::to_sys(written).time_since_epoch();
  own.at = std::chrono::duration_cast<std::chrono::seconds>(at).count();
  return own;
}

}  // namespace chorale::agent
