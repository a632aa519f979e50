// May a leadership that starts from nothing publish the first state? Pure; loop thread only.
//
// Nothing is committed, and this agent knows nothing of what was served: the ensemble is new, or it was wiped and a
// fresh agent came first. Then what its sources say has nothing to be held against. An agent that serves something may
// know more: it is to lead. And a state without apps may only mean that the sources were wiped too.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "coordination/context.h"
#include "coordination/roster.h"

namespace chorale::coordination {

class FirstState {
 public:
  FirstState(Context& context, const Roster& roster) : context_(context), roster_(roster) {}

  // Why this agent hands over: another one that is registered has applied something. Each is asked once while it is
  // registered: agents that all know nothing must not pass the lead on for ever.
  [[nodiscard]] std::optional<std::string> why_hand_over();
  // Why a first state without apps is not to be offered now. `took_over`: when this leadership began. The servers of a
  // wiped ensemble refuse the old sessions for up to three timeouts: all that serve something are back by the fourth.
  [[nodiscard]] std::optional<std::string> why_not_empty(TimePoint took_over) const;

 private:
  Context& context_;
  const Roster& roster_;
  std::set<std::string> asked_;
};

}  // namespace chorale::coordination
