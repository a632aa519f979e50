// Makes a routing state of what is known and offers it when the pacer says so. Pure.
#pragma once

#include <cstdint>
#include <optional>
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
  // That this proxy's resolver is not to be relied on: it knows no slave, or knows one elsewhere than it is served.
  [[nodiscard]] std::optional<Failure> name_trouble() const;

 private:
  // Nothing is served yet, and nothing can be, because no slave's name resolves: an empty state would replace whatever
  // the proxies serve without us.
  [[nodiscard]] bool knows_no_slave(const Routes& routes) const;
  // Puts what is served in the place of a state that would lose too much of it.
  void hold_back_losses(Routes& routes);
  void report(std::vector<Exclusion> exclusions);
  void report(std::vector<NameDispute> disputes);

  TrackerContext& context_;
  TimePoint memory_runs_out_at_ = TimePoint::max();
  std::vector<Exclusion> exclusions_;
  std::vector<NameDispute> disputes_;
  bool no_slave_known_ = false;
  std::string held_digest_;  // of the loss that was reported
};

}  // namespace chorale::agent
