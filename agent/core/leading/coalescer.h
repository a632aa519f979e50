// One burst of events, one action: due a moment after the last event, and not long after the first. Pure.
#pragma once

#include <algorithm>

#include "agent/base/types.h"
#include "coordination/require.h"

namespace chorale::agent {

class Coalescer {
 public:
  // `settle` after the last event, at most `longest` after the first one. REQUIRES: settle <= longest.
  Coalescer(Milliseconds settle, Milliseconds longest) : settle_(settle), longest_(longest) {
    coordination::require(settle <= longest, "a burst settles before its longest time is over");
  }

  void add(TimePoint now) {
    if (!waiting()) opened_ = now;
    due_ = std::min(now + settle_, opened_ + longest_);
  }
  // Waits no longer: something is worth acting on at once.
  void hurry(TimePoint now) {
    if (!waiting()) opened_ = now;
    due_ = std::min(due_, now);
  }
  // The burst is over; without one nothing happens.
  void end(TimePoint now) {
    if (waiting()) hurry(now);
  }
  void clear() { due_ = TimePoint::max(); }

  [[nodiscard]] bool waiting() const { return due_ != TimePoint::max(); }
  // time_point::max() while nothing waits.
  [[nodiscard]] TimePoint due() const { return due_; }

 private:
  Milliseconds settle_;
  Milliseconds longest_;
  TimePoint opened_{};
  TimePoint due_ = TimePoint::max();
};

}  // namespace chorale::agent
