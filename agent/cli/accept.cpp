// `chorale accept`: an operator's word to the leader. "policy": its policy becomes the pool's, where no registered
// agent has the pool's. A digest: the loss that is held back under it is real. It goes through ZooKeeper; where there
// is none, over the local agent's unix socket.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/load.h"
#include "agent/cli/local_agent.h"
#include "agent/cli/operator_name.h"
#include "agent/cli/table.h"
#include "coordination/documents.h"
#include "coordination/paths.h"

namespace chorale::agent {
namespace {

using coordination::AgentDocument;
using std::chrono::milliseconds;

constexpr milliseconds kTakenPollInterval{100};
constexpr int kTakenPolls = 50;

// Why that loss cannot be accepted; nullopt: it can.
std::optional<std::string> why_not_loss(const coordination::ClusterSnapshot& cluster, const std::string& digest) {
  std::string held;
  for (const AgentDocument& agent : cluster.agents) {
    if (!agent.held_back) continue;
    if (agent.held_back->digest == digest) return std::nullopt;
    held = agent.held_back->digest;
  }
  return held.empty() ? "nothing is held back" : "what is held back is " + safe(held) + ", see `chorale status`";
}

// Why no policy can be accepted; nullopt: it can.
std::optional<std::string> why_not_policy(const coordination::ClusterSnapshot& cluster) {
  const auto policy = pool_policy(cluster);
  if (!policy) return "the pool has no policy yet: the first leader's will be it";
  const auto has_it = std::find_if(cluster.agents.begin(), cluster.agents.end(), [&policy](const AgentDocument& agent) {
    return !agent.policy.empty() && !coordination::policy_difference(agent.policy, *policy);
  });
  if (has_it == cluster.agents.end()) return std::nullopt;
  return safe(has_it->id) +
         " has the pool's policy and leads, or will: nothing is held back. To change the policy, edit " +
         "the files of more than half of the members";
}

// True if the leader has taken the word.
tl::expected<bool, CliError> await_taken(ClusterSession& session, const coordination::Path& path) {
  for (int poll = 0; poll < kTakenPolls && session.pause(kTakenPollInterval); ++poll) {
    const auto seen = session.execute(coordination::CheckNode{path}, kClusterPatience);
    if (!seen) return tl::unexpected(seen.error());
    const auto* checked = *seen ? std::get_if<coordination::Checked>(&**seen) : nullptr;
    if (checked != nullptr && !checked->stat) return true;
  }
  return false;
}

int accept_alone(const Config& config, const std::string& what) {
  if (what == coordination::kAcceptPolicy) {
    return complain({kExitUsage, "no zookeeper configured: a standalone agent has no pool, and so no pool's policy"});
  }
  const auto told = tell_local_agent(config, "/v1/accept", encode(coordination::AcceptDocument{what, operator_name()}));
  if (!told) return complain(told.error());
  std::cout << "accepted: this proxy's agent believes the loss " << what << " when Marathon answers the same again\n";
  return kExitFine;
}

int accept(ClusterSession& session, const coordination::Path& root, const std::string& what) {
  const auto cluster = session.read_cluster(kClusterPatience);
  if (!cluster) return complain(cluster.error());
  const bool is_policy = what == coordination::kAcceptPolicy;
  if (const auto reason = is_policy ? why_not_policy(*cluster) : why_not_loss(*cluster, what)) {
    return complain({kExitNo, *reason});
  }
  const coordination::Path path = coordination::Paths(root).accept;
  const auto written = session.execute(
      coordination::CreateNode{path, encode(coordination::AcceptDocument{what, operator_name()})}, kClusterPatience);
  if (!written) return complain(written.error());
  if (!*written) return complain({kExitNo, "cannot create " + path.text() + ": " + written->error().message});
  const auto taken = await_taken(session, path);
  if (!taken) return complain(taken.error());
  if (!*taken) {
    // A word that waits for nobody must not be taken for an answer to something else, some day.
    (void)session.execute(coordination::DeleteNode{path, coordination::kAnyVersion}, kClusterPatience);
    return complain({kExitNo, "no leader has taken it within 5 s; see `chorale status`"});
  }
  // A word that an ending leadership took is lost with it.
  const auto afterwards = session.read_cluster(kClusterPatience);
  if (!afterwards) return complain(afterwards.error());
  if (afterwards->state.epoch != cluster->state.epoch) {
    return complain(
        {kExitNo, "the leader has changed meanwhile: see `chorale status`, and say it again if it still waits"});
  }
  const std::string leader = safe(cluster->state.leader);
  std::cout << (is_policy
                    ? "accepted: the policy of " + leader + " is the pool's from its next revision on\n"
                    : "accepted: " + leader + " believes the loss " + what + " when Marathon answers the same again\n");
  return kExitFine;
}

}  // namespace

int run_accept(const std::string& config_file, const std::string& what) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  if (what != coordination::kAcceptPolicy && !coordination::is_loss_digest(what)) {
    return complain(
        {kExitUsage, "neither \"policy\" nor the digest of a loss (12 hex digits, `chorale status` names it)"});
  }
  if (config->standalone) return accept_alone(*config, what);
  ClusterSession session(config->zookeeper);
  return accept(session, config->zookeeper.root, what);
}

}  // namespace chorale::agent
