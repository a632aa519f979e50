// One event whose JSON arrives in pieces, of any size: the same members as parse_event() finds, without the text being
// kept. Pure.
//
// A deployment event of Marathon <= 1.4 has many MB, which an HTTP callback would otherwise have to be held for.
// Memory is bounded by kMaxEventText and one bit per level of nesting, whatever arrives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/leading/marathon_apps.h"
#include "agent/marathon/event_reader.h"

namespace chorale::agent {

// Of one string or number; the rest of a longer one is read and dropped. What routing needs is far shorter.
inline constexpr std::size_t kMaxEventText = 16U << 10U;

class EventPieces {
 public:
  void feed(std::string_view piece);
  // The event, once all of it was fed. A text that is no JSON, ends in the middle or has no eventType is a Failure.
  [[nodiscard]] tl::expected<MarathonEvent, Failure> finish() &&;

 private:
  enum class Expected { kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kCommaOrEnd, kNothing };
  enum class Inside { kStructure, kString, kEscape, kUnicode, kLiteral };

  void fail(std::string what);
  void check(bool accepted);  // by the reader
  [[nodiscard]] std::size_t feed_string(std::string_view rest);
  void take(char c);
  void take_structure(char c);
  void take_escape(char c);
  void take_unicode(char c);
  void append(char c);
  void append_utf8(std::uint32_t code);
  void begin_value(char c);
  void close(bool object);
  void end_string();
  void end_literal();
  void end_value() { expected_ = in_object_.empty() ? Expected::kNothing : Expected::kCommaOrEnd; }

  EventReader reader_{0};
  std::optional<Failure> failure_;
  Expected expected_ = Expected::kValue;
  Inside inside_ = Inside::kStructure;
  std::vector<bool> in_object_;  // of every level: an object, or an array
  std::string text_;
  bool is_key_ = false;
  int digits_ = 0;          // of \uXXXX
  std::uint32_t code_ = 0;  // likewise
  std::uint32_t high_ = 0;  // the first half of a surrogate pair, whose second must follow
};

}  // namespace chorale::agent
