// When to offer a state, and which are not worth offering. Pure.
//
// One offer at a time: while one is under way, changes gather, and the newest state goes next. The first change after a
// pause goes at once (a burst is awaited for some milliseconds), then offers keep their distance: each may cost every
// proxy a reload.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/base/types.h"
#include "agent/core/leading/cause.h"
#include "agent/core/leading/coalescer.h"
#include "coordination/coordinator.h"
#include "render/routing_state.h"

namespace chorale::agent {

using Fate = coordination::Fate;
using SharedState = std::shared_ptr<const render::RoutingState>;

struct Offer {
  std::uint64_t number = 0;
  SharedState state;
  Cause cause;
};

class OfferPacer {
 public:
  // `next_number`: rises over all leaderships of a process, so that the end of an older one's offer is not taken for
  // the end of this one's.
  OfferPacer(Milliseconds coalesce_min, Milliseconds coalesce_max, Milliseconds min_interval,
             std::function<std::uint64_t()> next_number)
      : burst_(coalesce_min, coalesce_max), min_interval_(min_interval), next_number_(std::move(next_number)) {}

  // What all proxies serve; nullptr: nothing is committed, so that any state is news. The first state of a leadership
  // is offered even if it is equal: in a restored ensemble some proxy may serve something newer than what is committed,
  // and only an offer lets the coordinator notice. Where all agree it costs no write.
  void start_from(SharedState committed) {
    committed_ = std::move(committed);
    forced_ = true;
  }

  // The state may differ now. `settled`: nothing that belongs to it is known to be on its way.
  void changed(const Cause& cause, bool settled, TimePoint now);
  // The burst is known to be over: its change waits no longer.
  void end_burst(TimePoint now) { burst_.end(now); }
  // Offer even an equal state: the template changed.
  void force(const Cause& cause, TimePoint now);
  // Offer even an equal state, since Nginx refused the last one and accepts this one. Nothing keeps its distance to the
  // refused one, which cost no reload: meanwhile tasks come and go unseen.
  void instead_of_refused(const Cause& cause, TimePoint now);

  [[nodiscard]] bool is_due(TimePoint now) const { return next_deadline() <= now; }
  // The state as it is now: an offer if it is news. REQUIRES: none is under way.
  [[nodiscard]] std::optional<Offer> consider(render::RoutingState state, TimePoint now);

  // What Nginx refused it may accept now: that is offered at once, unless the state is another by then. If the offer
  // under way is refused, it was perhaps refused before: it is offered once more likewise.
  void ask_again(TimePoint now);

  // An operator holds what is committed: the state is not offered. Returns it if it is another. REQUIRES: none is under
  // way.
  [[nodiscard]] SharedState keep_back(render::RoutingState state, TimePoint now);
  // The state as it is now is offered at once.
  void end_hold(const Cause& cause, TimePoint now);

  // Nothing is offered before something changes again. REQUIRES: none is under way.
  void wait() {
    burst_.clear();
    rejected_.reset();
  }

  // False: not the offer under way. Rejected: not offered again within 30 s, unless it changes.
  bool decided(std::uint64_t offer, Fate fate, TimePoint now);

  [[nodiscard]] const SharedState& committed() const { return committed_; }
  [[nodiscard]] const std::optional<Offer>& under_way() const { return under_way_; }
  // The state as it was considered last is one that was refused.
  [[nodiscard]] bool refused() const { return rejected_.has_value(); }
  [[nodiscard]] TimePoint next_deadline() const;

 private:
  void note(const Cause& cause);

  Coalescer burst_;
  Milliseconds min_interval_;
  std::function<std::uint64_t()> next_number_;
  SharedState committed_;
  Cause cause_;  // of the first change since the last offer
  int more_causes_ = 0;
  bool forced_ = false;
  Cause forced_by_;  // the last that did so

  std::optional<Offer> under_way_;
  bool under_way_forced_ = false;
  TimePoint not_before_ = TimePoint::min();       // distance to the last offer, or back-off after an abandoned one
  TimePoint not_before_last_ = TimePoint::min();  // the same, as it was before the last offer
  int abandoned_ = 0;                             // in a row
  struct Rejected {
    Offer offer;
    TimePoint again_at;
  };
  std::optional<Rejected> rejected_;
  bool under_way_again_ = false;  // what is under way is offered again at once if it is refused
  // The last state that differed was offered and not committed: if its change is taken back, the coordinator has to
  // hear that it is not wanted any more.
  bool undecided_ = false;
};

}  // namespace chorale::agent
