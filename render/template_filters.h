// What a tag may do with a text before it is written: {{labels.team | lower}}, {{#labels.hosts | split ","}}. Pure.
//
// What comes out of a filter is always written as one quoted parameter, whatever it was made of.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace chorale::render {

struct Filter {
  enum class Kind { kLower, kUpper, kTrim, kReplace, kSplit, kHasPrefix, kHasSuffix, kContains, kEquals };
  Kind kind = Kind::kLower;
  std::vector<std::string> arguments;

  // It answers yes or no: a section of it is rendered or not.
  [[nodiscard]] bool is_condition() const;
};

struct FilteredName {
  std::string name;
  std::vector<Filter> filters;
};

// The content of a tag. The error says what is wrong with it. Ensures: `split` and conditions stand last.
[[nodiscard]] tl::expected<FilteredName, std::string> parse_filters(std::string_view content);

// The text as those filters leave it that make texts of texts. Nothing where it could not be quoted then (too long,
// "@{" put together): an app's owner may have meant that, so it must not fail.
[[nodiscard]] std::optional<std::string> filtered(std::string text, const std::vector<Filter>& filters);
// REQUIRES: the last filter is a condition. `text` is what filtered() made.
[[nodiscard]] bool holds(const std::string& text, const Filter& condition);
// Its parts without blanks around them; empty ones are left out.
[[nodiscard]] std::vector<std::string> parts_of(std::string_view text, const Filter& split);

}  // namespace chorale::render
