#include "agent/core/leading/offer_pacer.h"

#include <algorithm>
#include <utility>

#include "agent/core/leading/backoff.h"
#include "coordination/require.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kRejectedFor{30};
constexpr Milliseconds kAbandonedMin{500};
constexpr Milliseconds kAbandonedMax{5'000};

}  // namespace

void OfferPacer::note(const Cause& cause) {
  if (cause_.empty()) {
    cause_ = cause;
  } else if (cause != cause_) {
    ++more_causes_;
  }
}

void OfferPacer::changed(const Cause& cause, bool settled, TimePoint now) {
  note(cause);
  if (settled) {
    burst_.hurry(now);
  } else {
    burst_.add(now);
  }
}

void OfferPacer::force(const Cause& cause, TimePoint now) {
  forced_ = true;
  forced_by_ = cause;
  rejected_.reset();
  changed(cause, true, now);
}

void OfferPacer::instead_of_refused(const Cause& cause, TimePoint now) {
  if (rejected_) not_before_ = not_before_last_;
  force(cause, now);
}

void OfferPacer::ask_again(TimePoint now) {
  under_way_again_ = under_way_.has_value();
  if (!rejected_) return;
  rejected_->again_at = now;
  not_before_ = not_before_last_;
}

std::optional<Offer> OfferPacer::consider(render::RoutingState state, TimePoint now) {
  coordination::require(!under_way_, "one offer is under way at a time");
  burst_.clear();
  const bool is_committed = committed_ && *committed_ == state;
  const bool is_rejected = rejected_ && *rejected_->offer.state == state;
  if (!is_rejected || is_committed) rejected_.reset();
  const Cause cause = std::exchange(cause_, Cause());
  const int more = std::exchange(more_causes_, 0);
  if (is_committed && !forced_ && !undecided_) return std::nullopt;
  if (rejected_ && now < rejected_->again_at) return std::nullopt;
  under_way_forced_ = std::exchange(forced_, false);

  Offer offer;
  offer.number = next_number_();
  offer.state = std::make_shared<const render::RoutingState>(std::move(state));
  offer.cause = cause.empty() && rejected_ ? rejected_->offer.cause : cause;
  if (more > 0) offer.cause.text += ", and " + std::to_string(more) + (more == 1 ? " other cause" : " other causes");
  rejected_.reset();
  not_before_last_ = std::exchange(not_before_, now + min_interval_);
  under_way_ = offer;
  return offer;
}

SharedState OfferPacer::keep_back(render::RoutingState state, TimePoint now) {
  coordination::require(!under_way_, "one offer is under way at a time");
  wait();
  cause_ = Cause();
  more_causes_ = 0;
  not_before_ = now + min_interval_;
  if (committed_ && *committed_ == state) return nullptr;
  return std::make_shared<const render::RoutingState>(std::move(state));
}

void OfferPacer::end_hold(const Cause& cause, TimePoint now) {
  not_before_ = now;
  abandoned_ = 0;
  cause_ = Cause();
  more_causes_ = 0;
  Cause both = cause;
  if (forced_ && !forced_by_.empty()) both.text += "; " + forced_by_.text;  // it comes into force now
  force(both, now);
}

bool OfferPacer::decided(std::uint64_t offer, Fate fate, TimePoint now) {
  if (!under_way_ || under_way_->number != offer) return false;
  Offer decided = *std::exchange(under_way_, std::nullopt);
  const bool again = std::exchange(under_way_again_, false);
  const bool is_news = !committed_ || *committed_ != *decided.state;
  if (fate == Fate::kCommitted || is_news) undecided_ = fate != Fate::kCommitted;
  switch (fate) {
    case Fate::kCommitted:
      abandoned_ = 0;
      committed_ = std::move(decided.state);
      break;
    case Fate::kRejected:
      abandoned_ = 0;
      rejected_ = Rejected{std::move(decided), again ? now : now + kRejectedFor};
      break;
    case Fate::kAbandoned:
      // No agent refused it: the store was away, or another agent holds a revision.
      ++abandoned_;
      not_before_ =
          std::max(not_before_, now + backoff(abandoned_, std::max(min_interval_, kAbandonedMin), kAbandonedMax, 1.0));
      forced_ = forced_ || under_way_forced_;
      changed(decided.cause, true, now);
      break;
  }
  return true;
}

TimePoint OfferPacer::next_deadline() const {
  if (under_way_) return TimePoint::max();
  const TimePoint wanted = std::min(burst_.due(), rejected_ ? rejected_->again_at : TimePoint::max());
  return wanted == TimePoint::max() ? wanted : std::max(wanted, not_before_);
}

}  // namespace chorale::agent
