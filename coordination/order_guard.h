// The guard of I4: what this agent may be told to apply next. Pure; loop thread only.
//
// Within a lineage (a cluster id) only what is newer than everything before it, over restarts too: the floor begins
// with what the Nginx file says. Why one guard is enough, and what still
// stands beside it: decisions/0004-one-order-guard.md.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "coordination/types.h"

namespace chorale::coordination {

class OrderGuard {
 public:
  // The file names no lineage: what it holds bounds every lineage that it might belong to. Otherwise an agent that was
  // restarted between a wipe and the restore of an older backup would go back in that backup. New lineages lose nothing
  // by it, since their leaders number above what any live agent has applied.
  void start(const std::optional<Identity>& file) {
    file_ = file;
    floor_ = file;
  }
  void change_lineage(const std::string& from, const std::string& to) {
    if (floor_) left_at_.insert_or_assign(from, *floor_);
    const auto known = left_at_.find(to);
    floor_ = known == left_at_.end() ? file_ : known->second;
  }
  // It was handed to the applier, or is proven to be served.
  void raise(const Identity& identity) {
    if (allows(identity)) floor_ = identity;
  }
  [[nodiscard]] bool allows(const Identity& identity) const { return !floor_ || floor_->older_than(identity); }
  [[nodiscard]] const std::optional<Identity>& floor() const { return floor_; }

 private:
  std::optional<Identity> floor_;            // of this lineage
  std::optional<Identity> file_;             // at the start
  std::map<std::string, Identity> left_at_;  // floors of earlier lineages, by cluster id
};

}  // namespace chorale::coordination
