#include "agent/core/leading/culprit_search.h"

#include <algorithm>
#include <utility>

namespace chorale::agent {

using Result = TrialOutcome::Result;

CulpritSearch::CulpritSearch(std::vector<std::string> changed, std::size_t limit, const TrialOutcome& refusal)
    : changed_(std::move(changed)), limit_(limit) {
  look_further(refusal);
}

std::set<std::string> CulpritSearch::held_back() const {
  std::set<std::string> held;
  for (const auto& [app, error] : culprits_) held.insert(app);
  if (state_ == State::kNone) held.insert(rest_.begin(), rest_.end());
  if (state_ == State::kHalf) {
    const std::size_t middle = low_ + (high_ - low_) / 2;
    held.insert(rest_.begin() + static_cast<std::ptrdiff_t>(middle), rest_.end());
  }
  if (state_ == State::kSpare) held.erase(to_spare_.back());
  return held;
}

void CulpritSearch::answered(const TrialOutcome& outcome) {
  if (outcome.result == Result::kFailed) return give_up("Nginx cannot be asked: " + outcome.error);
  const bool accepted = outcome.result == Result::kAccepted;
  switch (state_) {
    case State::kWhole:
      if (!accepted) return look_further(outcome);
      if (culprits_.size() > 1) {
        for (const auto& [app, error] : culprits_) to_spare_.push_back(app);
      }
      return spare_next();
    case State::kNone:
      if (!accepted) return give_up("it is refused without the changed apps as well: " + outcome.error);
      return halve();
    case State::kHalf:
      if (accepted) {
        low_ += (high_ - low_) / 2;
      } else {
        high_ = low_ + (high_ - low_) / 2;
        high_error_ = outcome.error;
      }
      return halve();
    case State::kSpare:
      if (accepted) culprits_.erase(to_spare_.back());
      to_spare_.pop_back();
      return spare_next();
    case State::kFound:
    case State::kGivenUp:
      return;
  }
}

void CulpritSearch::look_further(const TrialOutcome& refusal) {
  const bool named = std::find(changed_.begin(), changed_.end(), refusal.app) != changed_.end();
  if (named && culprits_.count(refusal.app) == 0) return add(refusal.app, refusal.error);
  rest_.clear();
  for (const std::string& app : changed_) {
    if (culprits_.count(app) == 0) rest_.push_back(app);
  }
  if (rest_.empty()) return give_up("it is refused without the changed apps as well: " + refusal.error);
  low_ = 0;
  high_ = rest_.size();
  high_error_ = refusal.error;
  state_ = State::kNone;
}

// With the first `low_` of the rest it is accepted, with the first `high_` refused.
void CulpritSearch::halve() {
  if (high_ - low_ > 1) {
    state_ = State::kHalf;
    return;
  }
  add(rest_[low_], high_error_);
  // It was the only one held back: the whole is accepted, as was just seen.
  if (rest_.size() == 1 && state_ == State::kWhole) answered({Result::kAccepted, {}, {}});
}

void CulpritSearch::add(const std::string& app, const std::string& error) {
  if (culprits_.size() == limit_) {
    return give_up((limit_ == 0 ? "as many apps as may be are quarantined already, and one more is refused: "
                                : "more than " + std::to_string(limit_) + " apps are refused at once, the last for: ") +
                   error);
  }
  culprits_[app] = error;
  state_ = State::kWhole;
}

void CulpritSearch::spare_next() { state_ = to_spare_.empty() ? State::kFound : State::kSpare; }

void CulpritSearch::give_up(std::string why) {
  why_ = std::move(why);
  culprits_.clear();
  state_ = State::kGivenUp;
}

}  // namespace chorale::agent
