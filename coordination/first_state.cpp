#include "coordination/first_state.h"

#include <map>

namespace chorale::coordination {
namespace {

constexpr int kSessionTimeouts = 4;

// What the other agents that are registered have applied, by id.
std::map<std::string, Identity> applied_by_others(const Roster& roster, const std::string& self) {
  std::map<std::string, Identity> result;
  for (const auto& [id, agent] : roster.documents()) {
    if (id != self && agent.applied) result.emplace(id, agent.applied->identity);
  }
  return result;
}

}  // namespace

std::optional<std::string> FirstState::why_hand_over() {
  std::erase_if(asked_, [this](const std::string& id) { return !roster_.contains(id); });
  std::optional<std::string> reason;
  for (const auto& [id, identity] : applied_by_others(roster_, context_.options.id)) {
    if (!roster_.documents().at(id).may_lead || !asked_.insert(id).second || reason) continue;
    reason = "nothing is committed, and " + id + " has applied " + to_text(identity) + ": it may know what was served";
  }
  return reason;
}

std::optional<std::string> FirstState::why_not_empty(TimePoint took_over) const {
  if (context_.options.alone) return std::nullopt;
  const auto others = applied_by_others(roster_, context_.options.id);
  const std::string what = "the first state has no apps: ";
  if (!others.empty()) {
    return what + "it is not offered while " + others.begin()->first + " serves " + to_text(others.begin()->second);
  }
  const auto wait = kSessionTimeouts * context_.link.timeout;
  if (context_.now - took_over >= wait) return std::nullopt;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait).count();
  return what + "it is offered after " + std::to_string(seconds) + " s, if no agent comes that serves something";
}

}  // namespace chorale::coordination
