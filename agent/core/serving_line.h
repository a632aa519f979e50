// The line of the log that says what this proxy serves now, and why. Pure.
#pragma once

#include <optional>
#include <string>

#include "agent/base/types.h"
#include "coordination/types.h"

namespace chorale::agent {

struct ServedRevision {
  enum class Kind {
    kNews,      // another revision than before
    kFirst,     // the first one that was applied since the start
    kAsBefore,  // what the file held at the start: nobody has handed it over
    kOnceMore,  // the same as before
  };
  Kind kind = Kind::kNews;
  coordination::Identity identity;
  std::string shadow_file{};                  // what an observer has written instead; empty: Nginx serves it
  std::optional<std::string> difference;      // to what was served before, may be empty; nullopt: not known
  std::string cause;                          // empty: not known
  std::optional<Milliseconds> after_event{};  // nullopt: there was none, or it is not known
};

// "serving 5.42: /shop/cart +1 -1 server (status_update_event /shop/cart TASK_RUNNING), 0.14 s after the event",
// "serving 5.42: held on 5.40 by jo: deploy", "serving 5.42: as before the start". Of bounded length, without a byte
// that could forge a line.
[[nodiscard]] std::string serving_line(const ServedRevision& served);

// From the event to now, by the clocks of two hosts; nullopt: one of them is not known, or they contradict each other.
[[nodiscard]] std::optional<Milliseconds> time_since(const std::string& event_at, const std::string& now);

}  // namespace chorale::agent
