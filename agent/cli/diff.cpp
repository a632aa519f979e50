// `chorale diff REV [REV]`: what the second revision routes otherwise than the first, from the files that were
// published. As diff(1): 0 equal, 1 not equal, 2 trouble.
#include <iostream>
#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/difference_text.h"
#include "agent/cli/load.h"
#include "agent/cli/revisions.h"
#include "agent/cli/table.h"
#include "render/routes_codec.h"

namespace chorale::agent {
namespace {

struct Published {
  coordination::Manifest manifest;
  render::RoutingState routes;
};

std::string digest_of(const coordination::Manifest& manifest, const std::string& file) {
  const auto found = manifest.files.find(file);
  return found == manifest.files.end() ? std::string() : found->second.digest;
}

tl::expected<Published, CliError> read_revision(ClusterSession& session, const coordination::Path& root,
                                                const coordination::StateDocument& state, const std::string& name) {
  auto manifest = find_revision(session, root, state, name, kExitUsage);
  if (!manifest) return tl::unexpected(manifest.error());
  const auto text = session.read_file(manifest->header.identity, render::kRoutesFile, kClusterPatience);
  if (!text) return tl::unexpected(text.error());
  auto routes = render::decode_routes(*text);
  if (!routes) {
    return tl::unexpected(
        CliError{kExitUsage, "revision " + to_text(manifest->header.identity) + ": " + routes.error().text()});
  }
  return Published{std::move(*manifest), std::move(*routes)};
}

}  // namespace

int run_diff(const std::string& config_file, const std::string& from, const std::string& to) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  for (const std::string& name : {from, to}) {
    if (!names_a_revision(name)) {
      return complain({kExitUsage, safe(name) + " is no revision: 41, 5.41 or current is expected"});
    }
  }
  if (config->standalone) {
    return complain(
        {kExitUsage, "no zookeeper configured: a standalone agent keeps the routes that it serves (" +
                         config->state_dir +
                         "/routes.json; see `chorale routes`) and no earlier ones to compare them " +
                         "with; `chorale history` says what each change since it started has added and removed"});
  }
  ClusterSession session(config->zookeeper);
  const auto cluster = session.read_cluster(kClusterPatience);
  if (!cluster) return complain(cluster.error());
  const auto before = read_revision(session, config->zookeeper.root, cluster->state, from);
  if (!before) return complain(before.error());
  const auto after = read_revision(session, config->zookeeper.root, cluster->state, to);
  if (!after) return complain(after.error());
  const std::string names =
      to_text(before->manifest.header.identity) + " and " + to_text(after->manifest.header.identity);
  if (before->manifest.header.identity.digest == after->manifest.header.identity.digest) {
    std::cout << names << " have the same files\n";
    return kExitFine;
  }
  const auto difference = render::difference_of(before->routes, after->routes);
  if (difference.empty()) {
    std::cout << names << " route the same\n";
  } else {
    std::cout << difference_text(difference, before->routes, after->routes);
  }
  const bool same_template = digest_of(before->manifest, "template") == digest_of(after->manifest, "template");
  if (!same_template) std::cout << "the template differs\n";
  return difference.empty() && same_template ? kExitFine : kExitNo;
}

}  // namespace chorale::agent
