// One app by the leader's own code: what would be routed of it, from what Marathon says now and what is committed.
// Pure; a part of explanation.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/explanation.h"
#include "agent/core/leading/explain_tasks.h"

namespace chorale::agent {

struct Judgement {
  MarathonApp said;                             // Marathon's word, or where it cannot be read what is known
  std::optional<render::App> wanted;            // as it would be committed; nullopt: left out
  std::string left_out;                         // why; empty: for want of a task alone
  std::vector<std::string> reduced;             // "is served without ..."
  std::map<std::string, std::string> refusals;  // task -> why it is left out
  TaskCounts tasks;                             // of those
  std::vector<HostConflict> conflicts;
  std::vector<NameDispute> disputes;  // about hosts of its own tasks
  std::vector<std::string> advice;    // what to do about `left_out` and `reduced`
};

// REQUIRES: Marathon has the app.
[[nodiscard]] Judgement judge_app(const ExplainInputs& inputs);
// Why this proxy does not serve what is committed, by the word of its agent in ZooKeeper; empty: it does, it has no
// traffic (an observer), or it is not known. It ends with kNotYetHere where it is about to.
inline constexpr std::string_view kNotYetHere = " yet";
[[nodiscard]] std::string why_not_here(const ExplainInputs& inputs);

}  // namespace chorale::agent
