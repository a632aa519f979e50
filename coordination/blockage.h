// Since when the newest change that was offered waits to be committed, and why. Pure; loop thread only.
//
// For people: nothing is decided by it. It begins kBlockedAfter after the first offer that differs from what is
// committed, whatever happened to that offer and to those after it. It ends when the newest of them is committed, when
// what is wanted is again what is committed, or with the leadership.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "coordination/documents.h"
#include "coordination/types.h"

namespace chorale::coordination {

inline constexpr std::chrono::seconds kBlockedAfter{5};

class Blockage {
 public:
  // An offer of other content than is committed; `at`: when, on the wall clock.
  void want(std::string digest, std::string at, TimePoint now);
  void commit(const std::string& digest);
  // An offer was refused or given up.
  void fail(std::string reason) { failure_ = std::move(reason); }
  void end();

  // What is to be shown; `waiting_for`: the reason as long as nothing has failed.
  [[nodiscard]] std::optional<Blocked> show(TimePoint now, const std::string& waiting_for) const;
  // When it was first wanted.
  [[nodiscard]] std::optional<TimePoint> since() const;

 private:
  struct Wanted {
    std::string digest;
    std::string at;
    TimePoint since;
  };
  std::optional<Wanted> first_;
  std::optional<Wanted> newest_;
  std::string failure_;
};

}  // namespace chorale::coordination
