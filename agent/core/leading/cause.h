// Why something is asked for or offered, for people, and since when it is known. A value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/types.h"

namespace chorale::agent {

// A word alone is a cause that no event of Marathon has brought; a text converts to it.
struct Cause {
  std::string text;
  std::optional<TimePoint> event;  // when that event arrived

  Cause() = default;
  // NOLINTBEGIN(google-explicit-constructor): as meant
  Cause(std::string word, std::optional<TimePoint> event_at = std::nullopt) : text(std::move(word)), event(event_at) {}
  Cause(const char* word) : text(word) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] bool empty() const { return text.empty(); }
  // The same word: the first event that brings it counts.
  [[nodiscard]] friend bool operator==(const Cause& one, const Cause& other) { return one.text == other.text; }
};

}  // namespace chorale::agent
