#include "coordination/order_guard.h"

namespace chorale::coordination {

void OrderGuard::start(const std::optional<Identity>& file) {
  file_ = file;
  floor_ = file;
}

void OrderGuard::change_lineage(const std::string& from, const std::string& to) {
  if (floor_) left_at_.insert_or_assign(from, *floor_);
  const auto known = left_at_.find(to);
  floor_ = known == left_at_.end() ? file_ : known->second;
}

void OrderGuard::raise(const Identity& identity) {
  if (allows(identity)) floor_ = identity;
}

}  // namespace chorale::coordination
