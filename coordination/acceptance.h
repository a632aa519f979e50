// An operator's word at <root>/accept, for the leader: taken once, and deleted. Pure; loop thread only.
//
// It takes "policy" and digests of losses; what else stands there is named in the log, and deleted.
#pragma once

#include <optional>
#include <string>

#include "coordination/documents.h"
#include "coordination/mirror.h"

namespace chorale::coordination {

class Acceptance {
 public:
  explicit Acceptance(Context& context) : context_(context), mirror_(context, "accept") {}

  // A leadership begins or ends: what was not taken is not known any more.
  void reset();
  void suspect() { mirror_.suspect(); }
  // REQUIRES: this agent leads.
  void drive();
  // What was accepted, once.
  [[nodiscard]] std::optional<AcceptDocument> take();

 private:
  void on_checked(const Reply<CheckNode>& reply);
  void on_read(const Reply<ReadNode>& reply);
  void tell_meaningless(const std::string& said);

  Context& context_;
  Mirror mirror_;
  std::optional<AcceptDocument> taken_;
  std::optional<AcceptDocument> deleting_;  // whether its deletion has happened is not known
};

}  // namespace chorale::coordination
