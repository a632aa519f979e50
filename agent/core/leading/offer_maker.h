// Makes a routing state of what is known and offers it when the pacer says so. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/core/leading/tracker_context.h"

namespace chorale::agent {

class OfferMaker {
 public:
  explicit OfferMaker(TrackerContext& context) : context_(context) {}

  void offer_what_is_due();
  void decided(std::uint64_t offer, Fate fate, const std::string& reason);

  [[nodiscard]] TimePoint next_deadline() const;
  [[nodiscard]] const std::vector<Exclusion>& exclusions() const { return exclusions_; }

 private:
  void report(std::vector<Exclusion> exclusions);

  TrackerContext& context_;
  TimePoint memory_runs_out_at_ = TimePoint::max();
  std::vector<Exclusion> exclusions_;
};

}  // namespace chorale::agent
