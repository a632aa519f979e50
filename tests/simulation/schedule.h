// The simulated time: what happens later, in order. Nothing takes time but waiting.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "coordination/types.h"

namespace chorale::coordination::simulation {

class Schedule {
 public:
  using Action = std::function<void()>;

  [[nodiscard]] TimePoint now() const { return now_; }
  // Ensures: of two actions at the same time, the one that was asked for first happens first.
  void at(TimePoint time, Action action) {
    actions_.emplace(std::pair(std::max(time, now_), ++asked_), std::move(action));
  }
  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }
  // Performs the next action that is due by `limit`; false: there is none, and it is `limit` now.
  bool run_next(TimePoint limit) {
    if (actions_.empty() || actions_.begin()->first.first > limit) {
      now_ = limit;
      return false;
    }
    auto next = actions_.extract(actions_.begin());
    now_ = next.key().first;
    next.mapped()();
    return true;
  }

 private:
  TimePoint now_{std::chrono::hours(1)};
  std::uint64_t asked_ = 0;
  std::map<std::pair<TimePoint, std::uint64_t>, Action> actions_;
};

}  // namespace chorale::coordination::simulation
