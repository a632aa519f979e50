// Never shrink by accident, the second half: may what we make of Marathon's apps take away what is served? Pure.
//
// Guard judges what Marathon answers. This judges the state that filters, names and allow-lists leave of it: whatever
// is served, runs by Marathon's own word, and is not in the new state, is a loss of our making (another realm on the
// proxy that leads, names that nobody resolves, a check that refuses too much). As in Guard, new tasks of an app make
// up for lost ones, new apps for nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "agent/core/leading/guard.h"
#include "agent/core/leading/routes.h"

namespace chorale::agent {

class ResultGuard {
 public:
  explicit ResultGuard(double shrink_limit) : shrink_limit_(shrink_limit) {}

  // nullopt: `made` may be offered. Else what is to be offered in its place: each app that would lose something as it
  // is served, less what Marathon says is gone, and all others as made. Where the served state is of another realm,
  // nothing is added. It is held for good if less than a tenth would be left, else until the same loss was found after
  // 3 lists over 10 s. Of another realm what counts is how much it has of its own. `lists`: how many lists were taken;
  // a loss that is found twice after one list counts once.
  [[nodiscard]] std::optional<render::RoutingState> judge(const Routes& made, const render::RoutingState& served,
                                                          const MarathonApps& known, std::uint64_t lists,
                                                          TimePoint now);

  [[nodiscard]] const std::optional<HeldBack>& held_back() const { return held_back_; }
  // An operator's word: this loss, and no other, passes when it is judged next. False: it is not what is held back.
  [[nodiscard]] bool accept(const std::string& digest);
  // Once, after a loss has passed by such a word.
  [[nodiscard]] bool take_passed_by_word() { return std::exchange(passed_by_word_, false); }

 private:
  double shrink_limit_;
  std::optional<HeldBack> held_back_;
  std::uint64_t counted_list_ = 0;
  std::string accepted_;  // the digest of a loss that has passed, and may not be committed yet
  bool by_word_ = false;  // it has not passed yet
  bool passed_by_word_ = false;
};

}  // namespace chorale::agent
