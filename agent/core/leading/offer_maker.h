// Makes a routing state of what is known and offers it when the pacer says so. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/leading/explain_tasks.h"
#include "agent/core/leading/tracker_context.h"

namespace chorale::agent {

class OfferMaker {
 public:
  explicit OfferMaker(TrackerContext& context) : context_(context) {}

  void offer_what_is_due();
  // While an operator holds what is committed, what would be offered is reported. Afterwards the state as it is then is
  // offered at once.
  void hold(bool held, const std::string& released_by);
  // This proxy's values were corrected: what was refused is offered again, and quarantined apps are tried again.
  void ask_again();
  void decided(const OfferDecided& event);
  // An agent that was not waited for refuses what is committed.
  void doubted(const CommitDoubted& event);
  void tried(const StateTried& event);

  [[nodiscard]] TimePoint next_deadline() const;
  [[nodiscard]] const std::vector<Exclusion>& exclusions() const { return exclusions_; }
  // That this proxy's resolver is not to be relied on: it knows no slave, or knows one elsewhere than it is served.
  [[nodiscard]] std::optional<Failure> name_trouble() const;
  // Why the state as it is cannot be served: Nginx refuses it, and no app is known to be at fault.
  [[nodiscard]] const std::optional<Failure>& refusal() const { return refusal_; }

 private:
  void tell_refusal(const OfferDecided& event);
  // Nothing is served yet, and nothing can be, because no slave's name resolves: an empty state would replace whatever
  // the proxies serve without us.
  [[nodiscard]] bool knows_no_slave(const Routes& routes) const;
  // Puts what is served in the place of a state that would lose too much of it.
  void hold_back_losses(Routes& routes);
  void report(std::vector<Exclusion> exclusions);
  [[nodiscard]] TaskCounts tasks_left_out(const MarathonApp& app, const std::vector<Exclusion>& exclusions) const;
  void report(std::vector<NameDispute> disputes);
  void go_on_searching();

  TrackerContext& context_;
  TimePoint memory_runs_out_at_ = TimePoint::max();
  std::vector<Exclusion> exclusions_;
  std::map<std::string, coordination::Told> no_task_told_;  // app -> why none of its tasks is served
  std::vector<NameDispute> disputes_;
  bool no_slave_known_ = false;
  std::optional<Failure> refusal_;
  coordination::Told refusal_told_;
  struct Committed {
    std::uint64_t offer = 0;
    SharedState state;
    SharedState before;
  };
  std::optional<Committed> committed_;  // the last of this leadership
  std::string held_digest_;             // of the loss that was reported
  std::string accepted_by_;  // whose word let a loss pass, or released a hold; what comes of it is not committed yet
};

}  // namespace chorale::agent
