#include "agent/cli/status_text.h"

#include <utility>
#include <vector>

#include "agent/cli/table.h"

namespace chorale::agent {
namespace {

using coordination::AgentDocument;
using coordination::RevisionHeader;

constexpr std::size_t kShortDigest = 12;

std::string revision_line(const RevisionHeader& header) {
  std::string line = to_text(header.identity) + "  " + header.identity.digest.substr(0, kShortDigest) + "  " +
                     std::to_string(header.apps) + " apps, " + std::to_string(header.servers) + " servers";
  if (header.quarantined > 0) line += ", " + std::to_string(header.quarantined) + " quarantined";
  return safe(line + "  " + header.created_at);
}

std::string role_text(const AgentDocument& agent) {
  return agent.applies ? std::string(coordination::to_string(agent.role)) : "observer";
}

// How far an agent is behind what is committed, in revisions.
std::string lag(const AgentDocument& agent, const std::optional<RevisionHeader>& committed) {
  const auto& entry = agent.applies ? agent.applied : agent.shadow;
  if (!entry || !committed) return "-";
  const coordination::Identity& applied = entry->identity;
  if (applied == committed->identity) return "0";
  const auto behind = committed->identity.revision.value - applied.revision.value;
  return behind > 0 ? std::to_string(behind) : "differs";
}

// In the unit that says most: the exact number is in --json.
std::string size_line(const coordination::TreeSize& size) {
  constexpr std::int64_t kKib = 1024;
  const auto kib = (size.bytes + kKib / 2) / kKib;
  return std::to_string(size.znodes) + " znodes in ZooKeeper, " + std::to_string(kib) + " KiB";
}

std::string list(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ", ") + id;
  return text;
}

std::string policy_line(const coordination::PolicyValues& policy) {
  std::string line = coordination::policy_digest(policy);
  for (const auto& [name, value] : policy) line += "  " + name + "=\"" + value + "\"";
  return safe(line);
}

// Agents that do not lead, members that are not there, apps that are served otherwise than they are defined.
std::string exceptions(const coordination::ClusterSnapshot& snapshot) {
  std::string text;
  for (const coordination::QuarantineEntry& entry : snapshot.quarantined) {
    const std::string since = entry.since.empty() ? "" : " since " + entry.since;
    text += safe("quarantined app " + entry.app + since + ": " + entry.reason) + "\n";
  }
  const auto policy = pool_policy(snapshot);
  for (const AgentDocument& agent : snapshot.agents) {
    const auto difference = policy ? coordination::policy_difference(agent.policy, *policy) : std::nullopt;
    const std::string who = agent.applies ? " does not lead, its policy" : " observes, its policy";
    if (difference) text += safe(agent.id + who + " is not the pool's: " + *difference) + "\n";
  }
  for (const coordination::Member& member : missing_members(snapshot)) {
    text += safe("missing agent " + member.id + " (host " + member.document.host + ", member since " +
                 member.document.since + ")") +
            "; if it is gone for good: chorale forget " + safe(member.id) + "\n";
  }
  return text;
}

}  // namespace

std::string status_text(const coordination::ClusterSnapshot& snapshot) {
  const auto& state = snapshot.state;
  std::string text = "leader     " + (state.leader.empty() ? "none" : safe(state.leader)) + "\n";
  text += "epoch      " + std::to_string(state.epoch.value) + "\n";
  text += "committed  " + (state.committed ? revision_line(*state.committed) : "nothing yet") + "\n";
  if (state.committed) text += "cause      " + safe(state.committed->cause) + "\n";
  if (state.proposed) text += "proposed   " + revision_line(*state.proposed) + "\n";
  if (const auto policy = pool_policy(snapshot)) text += "policy     " + policy_line(*policy) + "\n";
  if (state.held) {
    text += "held       revision " + std::to_string(state.held->revision.value) + " by " + safe(state.held->by) + ": " +
            safe(state.held->reason) + "\n";
  }

  for (const AgentDocument& agent : snapshot.agents) {
    if (agent.blocked) text += "blocked    since " + safe(agent.blocked->since + ": " + agent.blocked->reason) + "\n";
    if (const auto& held = agent.held_back) {
      text += "held back  " + safe(held->reason + "; if it is real: chorale accept " + held->digest) + "\n";
    }
    if (agent.tree) text += "tree       " + size_line(*agent.tree) + "\n";
    if (!agent.late.empty()) text += "late       " + safe(list(agent.late)) + "\n";
  }

  std::vector<std::vector<std::string>> rows{{"AGENT", "ROLE", "STATUS", "APPLIED", "DIGEST", "LAG", "MESSAGE"}};
  for (const AgentDocument& agent : snapshot.agents) {
    const auto& applied = agent.applies ? agent.applied : agent.shadow;
    rows.push_back({agent.id, role_text(agent), std::string(coordination::to_string(agent.condition)),
                    applied ? to_text(applied->identity) : "-",
                    applied ? applied->identity.digest.substr(0, kShortDigest) : "-", lag(agent, state.committed),
                    agent.message});
  }
  text += "\n" + table(rows);
  if (snapshot.agents.empty()) text += "(no agent is alive)\n";
  for (const std::string& unreadable : snapshot.unreadable) text += "unreadable agent " + safe(unreadable) + "\n";
  text += exceptions(snapshot);
  return text;
}

}  // namespace chorale::agent
