// What is wrong with a pool, each thing once: the lines on top of `chorale status`, and what keeps an app's routes from
// following Marathon. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordination/cluster_reader.h"

namespace chorale::agent {

struct Problem {
  // "NO LEADER": state names an agent that is not registered. "BLOCKED": a change that cannot be committed. "HELD": an
  // operator's hold. "HELD BACK": a loss that is not believed. "DOWN": a proxy that must get no traffic. "LAGGING": one
  // that lacks what is committed, and says that something is wrong. "POLICY": an agent with another than the pool's.
  // "MISSING": a member without an agent. "UNREADABLE": an agent whose znode cannot be read. "DRAINED": a proxy that an
  // operator took out. "QUARANTINED": an app whose definition Nginx refuses.
  std::string kind;
  std::string text;   // who or what, and why
  std::string since;  // wall clock, for people; empty: unknown
  std::string next;   // what to do, as a sentence; empty: nothing
};

// In the order of their weight.
[[nodiscard]] std::vector<Problem> problems_of(const coordination::ClusterSnapshot& cluster);

// The registered agent that the state names as leader; nullptr: there is none.
[[nodiscard]] const coordination::AgentDocument* leader_of(const coordination::ClusterSnapshot& cluster);
// What an agent serves, or of an observer what it wrote.
[[nodiscard]] const std::optional<coordination::AppliedEntry>& served_by(const coordination::AgentDocument& agent);

// Everything is as it should be: no problem, a leader, every agent is ok and has what is committed.
[[nodiscard]] bool all_is_well(const coordination::ClusterSnapshot& cluster);

// /v1/status and `chorale status --json`: coordination's encode(), with "template" (TemplateUse),
// "problems" and "well".
[[nodiscard]] std::string encode_status(const coordination::ClusterSnapshot& cluster,
                                        const coordination::Description* own = nullptr);

}  // namespace chorale::agent
