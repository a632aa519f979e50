#include "coordination/blockage.h"

#include <utility>

namespace chorale::coordination {

void Blockage::want(std::string digest, std::string at, TimePoint now) {
  newest_ = Wanted{std::move(digest), std::move(at), now};
  if (!first_) first_ = newest_;
}

void Blockage::commit(const std::string& digest) {
  if (newest_ && newest_->digest == digest) return end();
  first_ = newest_;
  failure_.clear();
}

void Blockage::end() {
  first_.reset();
  newest_.reset();
  failure_.clear();
}

std::optional<Blocked> Blockage::show(TimePoint now, const std::string& waiting_for) const {
  if (!first_ || now < first_->since + kBlockedAfter) return std::nullopt;
  return Blocked{first_->at, cut_text(failure_.empty() ? waiting_for : failure_)};
}

std::optional<TimePoint> Blockage::since() const {
  if (!first_) return std::nullopt;
  return first_->since;
}

}  // namespace chorale::coordination
