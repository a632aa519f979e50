// `chorale hold` and `chorale release`: an operator freezes what the pool serves, and lets it go on. Through ZooKeeper;
// where there is none, over the local agent's unix socket. Each succeeds when the leader has said that it is so.
#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <optional>
#include <string>

#include "agent/cli/cli.h"
#include "agent/cli/cluster_session.h"
#include "agent/cli/load.h"
#include "agent/cli/local_agent.h"
#include "agent/cli/operator_name.h"
#include "agent/cli/revisions.h"
#include "agent/cli/table.h"
#include "agent/core/drained.h"
#include "coordination/paths.h"

namespace chorale::agent {
namespace {

using coordination::ClusterSnapshot;
using coordination::HoldDocument;
using coordination::StateDocument;
using std::chrono::milliseconds;

constexpr milliseconds kHoldPollInterval{200};
constexpr int kSignedPolls = 15;  // 3 s
constexpr int kHoldPolls = 75;  // 15 s: a proposal that was under way, then the held one, each at most a stage_timeout

// How the cluster is read, and whether one may go on waiting.
using Look = std::function<tl::expected<ClusterSnapshot, CliError>()>;
using Pause = std::function<bool()>;

// The leader has read this very hold.
bool echoes(const std::optional<HoldDocument>& held, const HoldDocument& hold) {
  if (!held || held->by != hold.by || held->reason != hold.reason) return false;
  const bool current = hold.revision.value == 0 || !held->error.empty();
  return current || (held->revision == hold.revision && (hold.epoch.value == 0 || held->epoch == hold.epoch));
}

bool is_led(const ClusterSnapshot& cluster) {
  return std::any_of(cluster.agents.begin(), cluster.agents.end(),
                     [&cluster](const auto& agent) { return agent.id == cluster.state.leader; });
}

std::string why_not_yet(const ClusterSnapshot& cluster) {
  if (!is_led(cluster)) return "there is no leader; the next one will do it";
  for (const auto& agent : cluster.agents) {
    if (agent.id != cluster.state.leader) continue;
    if (agent.blocked) return safe(agent.blocked->reason);
    return "the leader " + safe(agent.id) + " (version " + safe(agent.version) +
           ") did not do it within 15 s; an older version does not know holds";
  }
  return "see `chorale status`";
}

std::string held_text(const HoldDocument& held) { return safe(to_text(held)); }

// A hold that there was, perhaps of somebody else, who may count on it.
void tell_replaced(const ClusterSnapshot& before) {
  if (before.state.held) std::cout << "it replaces what was " << held_text(*before.state.held) << "\n" << std::flush;
}

int await_held(const HoldDocument& hold, const Look& look, const Pause& pause) {
  std::optional<ClusterSnapshot> seen;
  for (int poll = 0; poll < kHoldPolls && (poll == 0 || pause()); ++poll) {
    auto cluster = look();
    if (!cluster) return complain(cluster.error());
    seen = std::move(*cluster);
    const StateDocument& state = seen->state;
    if (!echoes(state.held, hold)) continue;
    if (!state.held->error.empty()) {
      return complain({kExitNo, safe(state.held->error) + "; " + held_text(*state.held) + " instead"});
    }
    if (!state.committed || state.committed->identity.digest != state.held->digest) continue;
    std::cout << held_text(*state.held) << "; changes wait until `chorale release`\n";
    return kExitFine;
  }
  if (!seen) return kExitNo;
  const bool in_force = echoes(seen->state.held, hold);
  return complain(
      {kExitNo, (in_force ? "held, but not committed: " : "the hold is set, but not in force: ") + why_not_yet(*seen)});
}

// `was`: what was held before.
int await_released(std::string was, const Look& look, const Pause& pause) {
  std::optional<ClusterSnapshot> seen;
  for (int poll = 0; poll < kHoldPolls && (poll == 0 || pause()); ++poll) {
    auto cluster = look();
    if (!cluster) return complain(cluster.error());
    seen = std::move(*cluster);
    if (!seen->state.held) {
      std::cout << "released" << (was.empty() ? "" : "; it was " + was) << "\n";
      return kExitFine;
    }
    was = held_text(*seen->state.held);
  }
  if (!seen) return kExitNo;
  return complain({kExitNo, "the hold is gone, but still in force: " + why_not_yet(*seen)});
}

// Over a hold that is there already.
tl::expected<void, CliError> write_hold(ClusterSession& session, const coordination::Path& path,
                                        const std::string& text) {
  using coordination::ErrorKind;
  for (int tries = 0; tries < 3; ++tries) {
    const auto written =
        session.execute(coordination::WriteNode{path, text, coordination::kAnyVersion}, kClusterPatience);
    if (!written) return tl::unexpected(written.error());
    if (*written) return {};
    const auto created = written->error().kind == ErrorKind::kNoNode
                             ? session.execute(coordination::CreateNode{path, text}, kClusterPatience)
                             : written;
    if (!created) return tl::unexpected(created.error());
    if (*created) return {};
    if (created->error().kind == ErrorKind::kExists) continue;
    return tl::unexpected(CliError{kExitNo, "cannot write " + path.text() + ": " + created->error().message});
  }
  return tl::unexpected(CliError{kExitNo, path.text() + " is being written by somebody else"});
}

// Writes into the hold who releases it, which ends it like its deletion and is told by the leader. False: there is
// none.
tl::expected<bool, CliError> sign_release(ClusterSession& session, const coordination::Path& path) {
  using coordination::ErrorKind;
  for (int tries = 0; tries < 3; ++tries) {
    const auto read = session.execute(coordination::ReadNode{path}, kClusterPatience);
    if (!read) return tl::unexpected(read.error());
    if (!*read && read->error().kind == ErrorKind::kNoNode) return false;
    if (!*read) return true;  // it is deleted all the same
    const auto& node = std::get<coordination::NodeRead>(**read);
    HoldDocument hold = coordination::decode_hold(node.data).value_or(HoldDocument{});
    hold.released_by = operator_name();
    const auto written =
        session.execute(coordination::WriteNode{path, encode(hold), node.stat.version}, kClusterPatience);
    if (!written) return tl::unexpected(written.error());
    if (*written || written->error().kind != ErrorKind::kBadVersion) return true;
  }
  return true;
}

// Why it must not be held; checked before anything is written.
std::optional<CliError> why_not(ClusterSession& session, const coordination::Path& root, const ClusterSnapshot& cluster,
                                const std::string& revision) {
  const auto manifest = find_revision(session, root, cluster.state, revision, kExitNo);
  if (!manifest) return manifest.error();
  const auto policy = pool_policy(cluster);
  const bool committed =
      cluster.state.committed && cluster.state.committed->identity.digest == manifest->header.identity.digest;
  if (committed || !policy) return std::nullopt;
  const auto difference = coordination::policy_difference(manifest->policy, *policy);
  if (!difference) return std::nullopt;
  return CliError{kExitNo, "revision " + to_text(manifest->header.identity) +
                               " was made under another policy: " + safe(*difference)};
}

int hold_in_cluster(const Config& config, const HoldDocument& hold, const std::string& revision) {
  ClusterSession session(config.zookeeper);
  const coordination::Path& root = config.zookeeper.root;
  const auto cluster = session.read_cluster(kClusterPatience);
  if (!cluster) return complain(cluster.error());
  if (const auto reason = why_not(session, root, *cluster, revision)) return complain(*reason);
  const auto written = write_hold(session, coordination::Paths(root).hold, encode(hold));
  if (!written) return complain(written.error());
  tell_replaced(*cluster);
  return await_held(
      hold, [&session] { return session.read_cluster(kClusterPatience); },
      [&session] { return session.pause(kHoldPollInterval); });
}

int release_in_cluster(const Config& config) {
  ClusterSession session(config.zookeeper);
  const coordination::Path path = coordination::Paths(config.zookeeper.root).hold;
  const auto cluster = session.read_cluster(kClusterPatience);
  if (!cluster) return complain(cluster.error());
  const Look look = [&session] { return session.read_cluster(kClusterPatience); };
  const Pause pause = [&session] { return session.pause(kHoldPollInterval); };
  const auto there = sign_release(session, path);
  if (!there) return complain(there.error());
  if (!*there && !cluster->state.held) return complain({kExitNo, "nothing is held"});
  // The leader reads it; one that does not (an older version, or none) sees the deletion.
  for (int poll = 0; *there && cluster->state.held && is_led(*cluster) && poll < kSignedPolls; ++poll) {
    const auto now = look();
    if (!now || !now->state.held || !pause()) break;
  }
  const auto deleted = session.execute(coordination::DeleteNode{path, coordination::kAnyVersion}, kClusterPatience);
  if (!deleted) return complain(deleted.error());
  const bool none = !*deleted && deleted->error().kind == coordination::ErrorKind::kNoNode;
  if (!*deleted && !none) return complain({kExitNo, "cannot delete " + path.text() + ": " + deleted->error().message});
  return await_released(cluster->state.held ? held_text(*cluster->state.held) : "", look, pause);
}

tl::expected<ClusterSnapshot, CliError> look_alone(const Config& config) {
  const auto body = ask_local_agent(config, "/v1/status", kClusterPatience);
  if (!body) return tl::unexpected(body.error());
  auto snapshot = read_status_body(*body);
  if (!snapshot) return tl::unexpected(CliError{kExitNo, "/v1/status: " + snapshot.error().message});
  return std::move(*snapshot);
}

int hold_alone(const Config& config, const HoldDocument& hold) {
  const auto before = look_alone(config);
  const auto told = tell_local_agent(config, "/v1/hold", encode(hold));
  if (!told) return complain(told.error());
  if (before) tell_replaced(*before);
  ClusterSession nowhere{{}};  // lets time pass
  return await_held(
      hold, [&config] { return look_alone(config); }, [&nowhere] { return nowhere.pause(kHoldPollInterval); });
}

int release_alone(const Config& config) {
  const auto before = look_alone(config);
  const auto told = tell_local_agent(config, "/v1/release", encode_drain_order({operator_name(), ""}));
  if (!told) return complain(told.error());
  ClusterSession nowhere{{}};
  return await_released(
      before && before->state.held ? held_text(*before->state.held) : "", [&config] { return look_alone(config); },
      [&nowhere] { return nowhere.pause(kHoldPollInterval); });
}

}  // namespace

int run_hold(const std::string& config_file, const std::string& revision, const std::string& reason) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  HoldDocument hold;
  if (!coordination::read_revision(revision, hold)) {
    return complain({kExitUsage, safe(revision) + " is no revision: 41, 5.41 or current is expected"});
  }
  hold.by = operator_name();
  hold.reason = coordination::cut_text(reason);
  return config->standalone ? hold_alone(*config, hold) : hold_in_cluster(*config, hold, revision);
}

int run_release(const std::string& config_file) {
  const auto config = load_or_complain(config_file);
  if (!config) return kExitUsage;
  return config->standalone ? release_alone(*config) : release_in_cluster(*config);
}

}  // namespace chorale::agent
