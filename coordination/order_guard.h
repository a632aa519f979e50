// The one guard of I4: what this agent may be told to apply next. Pure; loop thread only.
//
// Only what is newer than everything before it, over restarts too: the floor begins with what the Nginx file says. It
// knows no lineage: decisions/0004-one-order-guard.md.
#pragma once

#include <optional>

#include "coordination/types.h"

namespace chorale::coordination {

class OrderGuard {
 public:
  // `serves`: false for an observer. Nothing goes back where nothing is served: it takes whatever is committed now, an
  // older backup too, which no leader numbers above what it has seen.
  explicit OrderGuard(bool serves = true) : serves_(serves) {}

  void start(const std::optional<Identity>& file) { floor_ = file; }
  // It was handed to the applier, or is proven to be served.
  void raise(const Identity& identity) {
    if (allows(identity)) floor_ = identity;
  }
  [[nodiscard]] bool allows(const Identity& identity) const {
    return !floor_ || (serves_ ? floor_->older_than(identity) : *floor_ != identity);
  }
  [[nodiscard]] const std::optional<Identity>& floor() const { return floor_; }

 private:
  bool serves_;
  std::optional<Identity> floor_;
};

}  // namespace chorale::coordination
