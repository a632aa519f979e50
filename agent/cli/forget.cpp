// `chorale forget ID`: a proxy is gone for good, and counts no more.
#include <algorithm>
#include <iostream>
#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/load.h"
#include "agent/cli/table.h"
#include "coordination/paths.h"

namespace chorale::agent {
namespace {

std::string known_members(const coordination::ClusterSnapshot& cluster) {
  std::string list;
  for (const coordination::Member& member : cluster.members) list += (list.empty() ? "" : ", ") + safe(member.id);
  return list.empty() ? "there are none" : "members are " + list;
}

}  // namespace

int run_forget(const std::string& config_file, const std::string& id) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  if (config->standalone) return complain({kExitUsage, "no zookeeper configured: a standalone agent has no members"});
  ClusterSession session(config->zookeeper);
  const auto cluster = session.read_cluster(kClusterPatience);
  if (!cluster) return complain(cluster.error());
  const auto is_it = [&id](const auto& entry) { return entry.id == id; };
  if (std::none_of(cluster->members.begin(), cluster->members.end(), is_it)) {
    return complain({kExitNo, "no member is called " + safe(id) + "; " + known_members(*cluster)});
  }
  const auto missing = missing_members(*cluster);
  if (std::none_of(missing.begin(), missing.end(), is_it)) {
    return complain({kExitNo, "the agent of " + safe(id) + " is registered: stop it first, it would come back"});
  }
  const coordination::Path path = coordination::Paths(config->zookeeper.root).members.child(id);
  const auto deleted = session.execute(coordination::DeleteNode{path, coordination::kAnyVersion}, kClusterPatience);
  if (!deleted) return complain(deleted.error());
  if (!*deleted && deleted->error().kind != coordination::ErrorKind::kNoNode) {
    return complain({kExitNo, "cannot delete " + path.text() + ": " + deleted->error().message});
  }
  std::cout << "forgot " << safe(id) << "\n";
  return kExitFine;
}

}  // namespace chorale::agent
