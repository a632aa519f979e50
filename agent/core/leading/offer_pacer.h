// When to offer a state, and which are not worth offering. Pure.
//
// One offer at a time: while one is under way, changes gather, and the newest state goes next. The first change after a
// pause goes at once (a burst is awaited for some milliseconds), then offers keep their distance: each may cost every
// proxy a reload.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/types.h"
#include "agent/core/leading/coalescer.h"
#include "render/routing_state.h"

namespace chorale::agent {

using SharedState = std::shared_ptr<const render::RoutingState>;

struct Offer {
  std::uint64_t id = 0;
  SharedState state;
  std::string cause;
};

class OfferPacer {
 public:
  OfferPacer(Milliseconds coalesce_min, Milliseconds coalesce_max, Milliseconds min_interval)
      : burst_(coalesce_min, coalesce_max), min_interval_(min_interval) {}

  // What all proxies serve; nullptr: nothing is committed, so that any state is news. The first state of a term is
  // offered even if it is equal: in a restored ensemble some proxy may serve something newer than what is committed,
  // and only an offer lets the coordinator notice. Where all agree it costs no write.
  void start_from(SharedState committed) {
    committed_ = std::move(committed);
    forced_ = true;
  }

  // The state may differ now. `settled`: nothing that belongs to it is known to be on its way.
  void changed(const std::string& cause, bool settled, TimePoint now);
  // The burst is known to be over: its change waits no longer.
  void end_burst(TimePoint now) { burst_.end(now); }
  // Offer even an equal state: the template changed.
  void force(const std::string& cause, TimePoint now);

  [[nodiscard]] bool is_due(TimePoint now) const { return next_deadline() <= now; }
  // The state as it is now: an offer if it is news. REQUIRES: is_due(now).
  [[nodiscard]] std::optional<Offer> consider(render::RoutingState state, TimePoint now);

  enum class Fate { kCommitted, kRejected, kAbandoned };
  // False: not the offer under way. Rejected: not offered again within 30 s, unless it changes.
  bool decided(std::uint64_t offer, Fate fate, TimePoint now);

  [[nodiscard]] const SharedState& committed() const { return committed_; }
  [[nodiscard]] TimePoint next_deadline() const;

 private:
  void note(const std::string& cause);

  Coalescer burst_;
  Milliseconds min_interval_;
  SharedState committed_;
  std::string cause_;  // of the first change since the last offer
  int more_causes_ = 0;
  bool forced_ = false;

  std::uint64_t last_id_ = 0;
  std::optional<Offer> under_way_;
  bool under_way_forced_ = false;
  TimePoint not_before_ = TimePoint::min();  // distance to the last offer, or back-off after an abandoned one
  int abandoned_ = 0;                        // in a row
  std::optional<Offer> rejected_;
  TimePoint again_at_ = TimePoint::max();  // the rejected one
};

}  // namespace chorale::agent
