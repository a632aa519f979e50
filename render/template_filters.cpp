#include "render/template_filters.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "render/allow_list.h"

namespace chorale::render {
namespace {

using Kind = Filter::Kind;

constexpr std::string_view kBetween = " \t";

struct FilterRow {
  std::string_view name;
  Kind kind;
  std::size_t arguments;
};
constexpr std::array kFilterRows{
    FilterRow{"lower", Kind::kLower, 0},
    FilterRow{"upper", Kind::kUpper, 0},
    FilterRow{"trim", Kind::kTrim, 1},
    FilterRow{"replace", Kind::kReplace, 2},
    FilterRow{"split", Kind::kSplit, 1},
    FilterRow{"has_prefix", Kind::kHasPrefix, 1},
    FilterRow{"has_suffix", Kind::kHasSuffix, 1},
    FilterRow{"contains", Kind::kContains, 1},
    FilterRow{"equals", Kind::kEquals, 1},
};

std::string_view trimmed(std::string_view text, std::string_view characters) {
  const std::size_t begin = text.find_first_not_of(characters);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(characters) - begin + 1);
}

// Takes a word, or a text in quotes without those, off the front. The error: a quote without its end.
tl::expected<std::string, std::string> take_word(std::string_view& text) {
  const bool is_quoted = text.starts_with('"');
  if (is_quoted) text.remove_prefix(1);
  const std::size_t end = is_quoted ? text.find('"') : std::min(text.find_first_of(" \t|\""), text.size());
  if (end == std::string_view::npos) return tl::unexpected(std::string("a quote without its end"));
  std::string word(text.substr(0, end));
  text.remove_prefix(end + (is_quoted ? 1 : 0));
  text.remove_prefix(std::min(text.find_first_not_of(kBetween), text.size()));
  return word;
}

std::string known_filters() {
  std::string names;
  for (const FilterRow& row : kFilterRows) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

// One filter, up to the next '|' or the end.
tl::expected<Filter, std::string> take_filter(std::string_view& text) {
  auto name = take_word(text);
  if (!name) return tl::unexpected(name.error());
  const auto* const row =
      std::find_if(kFilterRows.begin(), kFilterRows.end(), [&](const FilterRow& one) { return one.name == *name; });
  if (row == kFilterRows.end()) return tl::unexpected("unknown filter '" + *name + "': known are " + known_filters());
  Filter filter{row->kind, {}};
  while (!text.empty() && text.front() != '|') {
    if (text.front() != '"') return tl::unexpected("the arguments of " + *name + " stand in double quotes");
    auto argument = take_word(text);
    if (!argument) return tl::unexpected(argument.error());
    filter.arguments.push_back(*std::move(argument));
  }
  if (filter.arguments.size() != row->arguments) {
    return tl::unexpected(*name + " takes " + std::to_string(row->arguments) + " arguments");
  }
  for (std::size_t i = 0; i < filter.arguments.size(); ++i) {
    if (i == 0 && filter.arguments[0].empty() && row->kind != Kind::kEquals) {
      return tl::unexpected("the first argument of " + *name + " is empty");
    }
    if (const auto wrong = refuse_quoted(filter.arguments[i])) {
      return tl::unexpected("an argument of " + *name + " " + wrong->message);
    }
  }
  return filter;
}

std::string replaced(std::string_view text, const std::string& from, const std::string& to) {
  std::string result;
  for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    result.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return result.append(text);
}

void change_case(std::string& text, char first, char last, char to) {
  for (char& c : text) {
    if (c >= first && c <= last) c = static_cast<char>(c - first + to);
  }
}

}  // namespace

bool Filter::is_condition() const {
  return kind == Kind::kHasPrefix || kind == Kind::kHasSuffix || kind == Kind::kContains || kind == Kind::kEquals;
}

tl::expected<FilteredName, std::string> parse_filters(std::string_view content) {
  FilteredName parsed;
  const std::size_t bar = content.find('|');
  parsed.name = trimmed(content.substr(0, bar), kBetween);
  std::string_view rest = bar == std::string_view::npos ? std::string_view() : content.substr(bar);
  while (!rest.empty()) {
    if (!parsed.filters.empty() &&
        (parsed.filters.back().is_condition() || parsed.filters.back().kind == Kind::kSplit)) {
      return tl::unexpected(std::string("split and conditions stand last"));
    }
    rest.remove_prefix(1);  // '|'
    rest.remove_prefix(std::min(rest.find_first_not_of(kBetween), rest.size()));
    auto filter = take_filter(rest);
    if (!filter) return tl::unexpected(std::move(filter).error());
    parsed.filters.push_back(*std::move(filter));
  }
  return parsed;
}

std::optional<std::string> filtered(std::string text, const std::vector<Filter>& filters) {
  for (const Filter& filter : filters) {
    if (filter.kind == Kind::kLower) change_case(text, 'A', 'Z', 'a');
    if (filter.kind == Kind::kUpper) change_case(text, 'a', 'z', 'A');
    if (filter.kind == Kind::kTrim) text = std::string(trimmed(text, filter.arguments[0]));
    if (filter.kind == Kind::kReplace) text = replaced(text, filter.arguments[0], filter.arguments[1]);
    if (refuse_quoted(text)) return std::nullopt;
  }
  return text;
}

bool holds(const std::string& text, const Filter& condition) {
  const std::string& argument = condition.arguments[0];
  if (condition.kind == Kind::kHasPrefix) return text.starts_with(argument);
  if (condition.kind == Kind::kHasSuffix) return text.ends_with(argument);
  if (condition.kind == Kind::kContains) return text.find(argument) != std::string::npos;
  return text == argument;
}

std::vector<std::string> parts_of(std::string_view text, const Filter& split) {
  std::vector<std::string> parts;
  const std::string& separator = split.arguments[0];
  while (true) {
    const std::size_t end = text.find(separator);
    if (const std::string_view part = trimmed(text.substr(0, end), kBetween); !part.empty()) parts.emplace_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + separator.size());
  }
}

}  // namespace chorale::render
