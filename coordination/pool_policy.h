// Which policy the pool has, and whether this agent has it. Pure; loop thread only.
//
// It reads the committed revision's manifest where no registered agent announces the policy that the state names.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "coordination/context.h"
#include "coordination/members.h"
#include "coordination/pointer.h"
#include "coordination/policy.h"
#include "coordination/roster.h"

namespace chorale::coordination {

class PoolPolicy {
 public:
  PoolPolicy(Context& context, const Roster& roster, const Members& members, const Pointer& pointer)
      : context_(context), scope_("policy"), roster_(roster), members_(members), pointer_(pointer) {}

  void reset();
  // `own`: what this agent announces; empty: nothing, then it differs from nothing.
  void drive(bool root_ready, const PolicyValues& own);

  // What the following say is more than a first guess.
  [[nodiscard]] bool known() const { return members_.known() && !reading_ && !retry_at_; }
  [[nodiscard]] const std::optional<PolicyValues>& values() const { return values_; }
  // What this agent has otherwise.
  [[nodiscard]] const std::optional<std::string>& difference() const { return difference_; }
  // A registered agent, other than this one, that has the pool's policy; empty: none has.
  [[nodiscard]] const std::optional<std::string>& another() const { return another_; }
  [[nodiscard]] const PolicyValues& own() const { return own_; }
  // What this agent publishes under: its own, with the pool's where it does not know one.
  [[nodiscard]] const PolicyValues& published() const { return published_; }

 private:
  using Documents = std::map<std::string, AgentDocument>;
  // What the verdict below was made of: it is asked for in every round and changes hardly ever.
  struct Basis {
    PolicyValues own;
    PolicyValues committed;
    std::set<std::string> members;
    std::map<std::string, PolicyValues> announced;  // by the documents
    std::set<std::string> may_lead;                 // of them
    bool registered = false;
  };

  [[nodiscard]] bool rests_on(const Documents& documents, bool registered) const;
  void judge();
  void read_committed(const StateDocument* state, bool may_ask);
  void on_manifest(const std::string& digest, const Reply<ReadNode>& reply);

  Context& context_;
  Scope scope_;
  const Roster& roster_;
  const Members& members_;
  const Pointer& pointer_;
  PolicyValues own_;
  std::string committed_digest_;  // whose values are known or sought
  PolicyValues committed_;
  bool reading_ = false;
  std::optional<TimePoint> retry_at_;
  std::optional<Basis> basis_;
  PolicyValues published_;
  std::optional<PolicyValues> values_;
  std::optional<std::string> difference_;
  std::optional<std::string> another_;
};

}  // namespace chorale::coordination
