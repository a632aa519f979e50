// Never shrink by accident: may what Marathon answered take away what is served? Pure.
//
// The baseline is what the committed state serves, less what events said is gone (a termination is said, so it is
// no accident). An answer is measured by its silence: apps that it does not list, tasks that it does not list or calls
// unreachable. What it says in words (killed, not alive) is believed; what we leave out of it is ResultGuard's. New
// tasks of an app make up for lost ones, new apps for nothing: another cluster's Marathon would have plenty.
//
// A held-back answer still adds and updates; only its removals do not happen (KnownApps::merge).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "agent/core/leading/routes.h"

namespace chorale::agent {

// What it takes to believe a loss that is held back.
inline constexpr int kEqualLosses = 3;
inline constexpr Milliseconds kEqualFor{10'000};
inline constexpr double kNeverByRepetition = 0.1;  // less than this left: never

struct HeldBack {
  std::string digest;  // of what would be lost, 12 hex digits: an operator accepts this loss and no other
  std::string reason;  // "lists 3 of 20 apps, 9 of 61 servers"
  bool passes_by_repetition = false;
  int seen = 0;  // equal answers in a row
  TimePoint since;
};

class Guard {
 public:
  // `keep_unreachable`: RoutingRules::keep_unreachable; tasks that may run or not are then no loss.
  explicit Guard(double shrink_limit, bool keep_unreachable = false)
      : shrink_limit_(shrink_limit), keep_unreachable_(keep_unreachable) {}

  // What is served from now on: committed, or, where nothing is, what this agent applied last.
  void rebase(const render::RoutingState& served);
  void app_gone(const std::string& app);
  void task_gone(const std::string& app, const std::string& task);

  enum class Verdict { kPass, kHold };
  // A whole list. A held one passes when the same loss was answered 3 times over 10 s, unless less than a tenth is
  // left.
  [[nodiscard]] Verdict judge(const MarathonApps& list, TimePoint now);
  // One app by itself: all others count as present. It is no repetition; a hold asks for a list.
  [[nodiscard]] Verdict judge(const MarathonApp& app) const;
  // Likewise for the apps that were `asked` for and those that were answered.
  [[nodiscard]] Verdict judge(const MarathonApps& answered, const std::set<std::string>& asked) const;

  [[nodiscard]] const std::optional<HeldBack>& held_back() const { return held_back_; }
  // That the list which was judged last passed though it lacks what was held back: by a word, or by repetition.
  [[nodiscard]] bool believed_loss() const { return believed_loss_; }
  // An operator's word: this loss, and no other, passes when it is judged next. False: it is not what is held back.
  [[nodiscard]] bool accept(const std::string& digest);
  // Once, after a loss has passed by such a word.
  [[nodiscard]] bool take_passed_by_word() { return std::exchange(passed_by_word_, false); }

 private:
  struct Tally {
    std::size_t apps_before = 0;
    std::size_t apps_now = 0;
    std::size_t servers_before = 0;
    std::size_t servers_now = 0;
    std::string losses;
    [[nodiscard]] bool at_least(double share) const;
  };
  void count(Tally& tally, const std::string& id, const std::set<std::string>& tasks, const MarathonApp* app) const;
  Verdict pass_for_good(const MarathonApps& list);

  double shrink_limit_;
  bool keep_unreachable_;
  std::map<std::string, std::set<std::string>> baseline_;  // app -> its served tasks
  std::optional<HeldBack> held_back_;
  std::string accepted_;  // the digest of a loss that an operator believes
  bool passed_by_word_ = false;
  bool believed_loss_ = false;
};

}  // namespace chorale::agent
