#include "agent/nginx/redaction.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "render/local_values.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::size_t kShortestWord = 3;   // less of a longer value tells nothing, and stands everywhere
constexpr std::size_t kShortestValue = 4;  // a shorter one is hidden as a word: "on" also stands in "configuration"

bool in_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Runs of bytes that belong together.
template <class Belongs, class Found>
void split(std::string_view text, Belongs belongs, Found found) {
  for (auto at = text.begin(); at != text.end();) {
    const auto begin = std::find_if(at, text.end(), belongs);
    at = std::find_if_not(begin, text.end(), belongs);
    if (begin != at) found(std::string(begin, at));
  }
}

// Calls for every place of `part` in `text`.
template <class Found>
void each_place(std::string_view text, std::string_view part, Found found) {
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) found(at);
}

void set(std::vector<bool>& places, std::size_t begin, std::size_t bytes, bool value) {
  const auto first = places.begin() + static_cast<std::ptrdiff_t>(begin);
  std::fill_n(first, std::min(bytes, places.size() - begin), value);
}

}  // namespace

void Redaction::learn(const std::map<std::string, std::string>& local_values) {
  for (const auto& [name, value] : local_values) {
    if (!value.empty() && !render::is_built_in_value(name)) learn(value);
  }
}

void Redaction::learn(std::string_view value) {
  (value.size() < kShortestValue ? words_ : anywhere_).emplace(value);
  const auto add_word = [this](std::string word) {
    if (word.size() >= kShortestWord) words_.insert(std::move(word));
  };
  constexpr std::string_view kCuts = " \t\r\n;{}$\"'\\";
  split(
      value, [kCuts](char c) { return kCuts.find(c) == std::string_view::npos; }, add_word);
  split(value, in_name, add_word);  // the name of a variable ends at the first byte that may not stand in one
  for (std::size_t at = 0; at + kSharedBytes <= value.size(); ++at) shared_.emplace(value.substr(at, kSharedBytes));
}

std::string Redaction::apply(std::string_view text, std::string_view kept) const {
  std::vector<bool> hidden(text.size(), false);
  for (const std::string& value : anywhere_) {
    each_place(text, value, [&](std::size_t at) { set(hidden, at, value.size(), true); });
  }
  for (const std::string& word : words_) {
    each_place(text, word, [&](std::size_t at) {
      const std::size_t end = at + word.size();
      const bool begins = at == 0 || !in_name(text[at - 1]) || !in_name(word.front());
      const bool ends = end == text.size() || !in_name(text[end]) || !in_name(word.back());
      if (begins && ends) set(hidden, at, word.size(), true);
    });
  }
  for (std::size_t at = 0; !shared_.empty() && at + kSharedBytes <= text.size(); ++at) {
    if (shared_.contains(text.substr(at, kSharedBytes))) set(hidden, at, kSharedBytes, true);
  }
  if (!kept.empty()) {
    each_place(text, kept, [&](std::size_t at) {
      std::size_t end = at + kept.size();
      if (end < text.size() && text[end] == ':') {
        end = std::min(text.find_first_not_of("0123456789", end + 1), text.size());
      }
      set(hidden, at, end - at, false);
    });
  }
  std::string shown;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!hidden[at]) {
      shown += text[at];
    } else if (at == 0 || !hidden[at - 1]) {
      shown += kHidden;
    }
  }
  return shown;
}

}  // namespace chorale::agent
