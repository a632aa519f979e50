#include "agent/core/problems.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "agent/core/health.h"
#include "agent/core/template_use.h"

namespace chorale::agent {
namespace {

using coordination::AgentDocument;
using coordination::ClusterSnapshot;
using coordination::Condition;

// Since when, by the word of an agent that has waited for long enough to say so.
std::string leaderless_since(const ClusterSnapshot& cluster) {
  for (const AgentDocument& agent : cluster.agents) {
    if (!agent.message.starts_with(kNoLeaderSince)) continue;
    const std::string since = agent.message.substr(kNoLeaderSince.size());
    return since.substr(0, since.find(": "));
  }
  return {};
}

std::string held_text(const ClusterSnapshot& cluster, const coordination::HoldDocument& held) {
  std::string text = to_text(held);
  if (!held.error.empty()) text += "; " + held.error;
  for (const AgentDocument& agent : cluster.agents) {
    if (agent.waiting) text += "; keeps back since " + agent.waiting->since + ": " + agent.waiting->what;
  }
  return text;
}

bool is_readable(const ClusterSnapshot& cluster, const std::string& id) {
  return std::none_of(cluster.unreadable.begin(), cluster.unreadable.end(),
                      [&](const std::string& text) { return text.starts_with(id + ": "); });
}

void add_leadership(const ClusterSnapshot& cluster, std::vector<Problem>& problems) {
  const std::string& leader = cluster.state.leader;
  if (leader_of(cluster) == nullptr && is_readable(cluster, leader)) {
    const std::string who =
        leader.empty() ? "no agent has led yet" : leader + " led last and is not registered; the last routes stay";
    problems.push_back({"NO LEADER", who, leaderless_since(cluster),
                        "The next agent takes over within the session timeout; else see its log."});
  }
  for (const AgentDocument& agent : cluster.agents) {
    if (agent.blocked) {
      problems.push_back({"BLOCKED", agent.blocked->reason, agent.blocked->since,
                          "The routes stay as they are until that is corrected."});
    }
  }
  if (const auto& held = cluster.state.held) {
    problems.push_back({"HELD", held_text(cluster, *held), held->since, "To go on: chorale release."});
  }
  for (const AgentDocument& agent : cluster.agents) {
    if (!agent.held_back) continue;
    problems.push_back(
        {"HELD BACK", agent.held_back->reason, "", "If it is real: chorale accept " + agent.held_back->digest});
  }
}

// A moment's lag is none, and what degrades all proxies is no reason for one to lag.
bool is_lagging(const ClusterSnapshot& cluster, const AgentDocument& agent) {
  const auto& committed = cluster.state.committed;
  const auto& served = served_by(agent);
  const bool says_so = agent.message.starts_with(kCannotApply) || agent.message.ends_with(kChunksMissing);
  return committed && agent.condition == Condition::kDegraded && says_so &&
         (!served || served->identity != committed->identity);
}

void add_proxies(const ClusterSnapshot& cluster, std::vector<Problem>& problems) {
  for (const AgentDocument& agent : cluster.agents) {
    if (agent.drained) continue;
    if (agent.condition == Condition::kDown) {
      problems.push_back({"DOWN", agent.id + ": " + agent.message, "",
                          "It must get no traffic until that is mended. On that proxy: chorale check."});
    } else if (is_lagging(cluster, agent)) {
      const auto& served = served_by(agent);
      problems.push_back({"LAGGING",
                          agent.id + " serves " + (served ? to_text(served->identity) : std::string("nothing yet")) +
                              ", not " + to_text(cluster.state.committed->identity) + ": " + agent.message,
                          "", "On that proxy: chorale check."});
    }
  }
}

void add_members(const ClusterSnapshot& cluster, std::vector<Problem>& problems) {
  const auto policy = pool_policy(cluster);
  for (const AgentDocument& agent : cluster.agents) {
    const auto difference = policy ? coordination::policy_difference(agent.policy, *policy) : std::nullopt;
    if (!difference) continue;
    const bool leads = &agent == leader_of(cluster);
    const std::string_view who = leads ? " leads, but" : agent.applies ? " does not lead," : " observes,";
    problems.push_back({"POLICY", agent.id + std::string(who) + " its policy is not the pool's: " + *difference, "",
                        leads ? "Start an agent that has the pool's, or edit its configuration and restart it."
                              : "Edit its configuration and restart it."});
  }
  for (const coordination::Member& member : missing_members(cluster)) {
    std::string text = member.id + ": its agent is not registered";
    if (!member.document.host.empty()) text += " (host " + member.document.host + ")";
    problems.push_back({"MISSING", text, "", "Start its agent; if it is gone for good: chorale forget " + member.id});
  }
  for (const std::string& unreadable : cluster.unreadable) problems.push_back({"UNREADABLE", unreadable, "", ""});
  for (const AgentDocument& agent : cluster.agents) {
    if (!agent.drained) continue;
    const std::string reason = agent.drained->reason.empty() ? "" : ": " + agent.drained->reason;
    problems.push_back({"DRAINED", agent.id + " by " + agent.drained->by + reason, agent.drained->since,
                        "On that proxy: chorale undrain."});
  }
}

}  // namespace

const AgentDocument* leader_of(const ClusterSnapshot& cluster) {
  const auto found = std::find_if(cluster.agents.begin(), cluster.agents.end(),
                                  [&](const AgentDocument& agent) { return agent.id == cluster.state.leader; });
  return found == cluster.agents.end() ? nullptr : &*found;
}

const std::optional<coordination::AppliedEntry>& served_by(const AgentDocument& agent) {
  return agent.applies ? agent.applied : agent.shadow;
}

std::vector<Problem> problems_of(const ClusterSnapshot& cluster) {
  std::vector<Problem> problems;
  add_leadership(cluster, problems);
  add_proxies(cluster, problems);
  add_members(cluster, problems);
  for (const coordination::QuarantineEntry& entry : cluster.quarantined) {
    problems.push_back(
        {"QUARANTINED", entry.app + ": " + entry.reason, entry.since,
         "Correct its definition, or what Nginx lacks: it is tried again. See chorale explain " + entry.app});
  }
  const std::int64_t counted = cluster.state.committed ? cluster.state.committed->quarantined : 0;
  if (cluster.quarantined.empty() && counted > 0) {
    problems.push_back({"QUARANTINED", std::to_string(counted) + " app(s), whose names cannot be read", "", ""});
  }
  return problems;
}

bool all_is_well(const ClusterSnapshot& cluster) {
  const auto& committed = cluster.state.committed;
  return committed && problems_of(cluster).empty() &&
         std::all_of(cluster.agents.begin(), cluster.agents.end(), [&](const AgentDocument& agent) {
           const auto& served = served_by(agent);
           return agent.condition == Condition::kOk && served && served->identity == committed->identity;
         });
}

std::string encode_status(const ClusterSnapshot& cluster, const coordination::Description* own) {
  std::string text = coordination::encode(cluster, own);
  text.erase(text.find_last_of('}'));
  text.erase(text.find_last_not_of(" \n") + 1);
  text += ",\n  \"template\": " + encode(template_use(cluster)) + ",\n  \"problems\": [";
  std::string_view separator = "\n    ";
  for (const Problem& problem : problems_of(cluster)) {
    const nlohmann::ordered_json json{
        {"kind", problem.kind}, {"text", problem.text}, {"since", problem.since}, {"next", problem.next}};
    // Nginx's words may hold any byte: what is not UTF-8 is replaced.
    text.append(separator).append(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    separator = ",\n    ";
  }
  return text + "],\n  \"well\": " + (all_is_well(cluster) ? "true" : "false") + "\n}";
}

}  // namespace chorale::agent
