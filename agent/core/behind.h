// Since when this proxy lacks a revision that another live agent has applied: its own fault, whatever the reason (a
// refusal of its Nginx, an illness, chunks that it cannot find). Pure.
//
// A proxy that is slow but keeps coming is not behind for long: every revision has its own time.
#pragma once

#include <deque>
#include <optional>

#include "agent/base/types.h"
#include "coordination/types.h"

namespace chorale::agent {

class Behind {
 public:
  // What this proxy and what the best of the others has applied now. nullopt: nothing; of the others: it is not known,
  // and what was known of them stays.
  void observe(TimePoint now, const std::optional<coordination::Identity>& own,
               const std::optional<coordination::Identity>& others);
  // nullopt: nothing is lacked.
  [[nodiscard]] std::optional<TimePoint> since() const;

 private:
  struct Lacked {
    coordination::Identity identity;
    TimePoint since;
  };
  std::deque<Lacked> lacked_;  // rising
};

}  // namespace chorale::agent
