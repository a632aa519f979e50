#include "agent/nginx/config_words.h"

#include <algorithm>
#include <utility>

namespace chorale::agent {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

std::optional<ConfigWord> ConfigWords::next() {
  skip_space_and_comments();
  if (rest_.empty()) return std::nullopt;
  const char first = rest_.front();
  if (first == ';' || first == '{' || first == '}') return ConfigWord{take(1), first};
  if (first == '"' || first == '\'') return ConfigWord{quoted(first), '\0'};
  std::size_t end = 0;
  while (end < rest_.size() && !is_space(rest_[end]) && rest_[end] != ';' && rest_[end] != '{') {
    const bool variable = rest_[end] == '$' && end + 1 < rest_.size() && rest_[end + 1] == '{';
    end += rest_[end] == '\\' || variable ? 2 : 1;
  }
  return ConfigWord{take(std::min(end, rest_.size())), '\0'};
}

std::string_view ConfigWords::take(std::size_t bytes) {
  const std::string_view word = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return word;
}

std::string_view ConfigWords::quoted(char quote) {
  std::string word;
  std::size_t at = 1;
  for (; at < rest_.size() && rest_[at] != quote; ++at) {
    if (rest_[at] == '\\' && at + 1 < rest_.size()) ++at;
    word += rest_[at];
  }
  rest_.remove_prefix(std::min(at + 1, rest_.size()));
  return unescaped_.emplace_front(std::move(word));
}

void ConfigWords::skip_space_and_comments() {
  while (!rest_.empty() && (is_space(rest_.front()) || rest_.front() == '#')) {
    const bool comment = rest_.front() == '#';
    rest_.remove_prefix(comment ? std::min(rest_.find('\n'), rest_.size()) : 1);
  }
}

const ConfigDirective* ConfigDirectives::next() {
  directive_.words.clear();
  if (directive_.end == '{') ++directive_.depth;
  directive_.end = ';';
  while (const std::optional<ConfigWord> word = words_.next()) {
    if (word->mark != '\0') {
      directive_.end = word->mark;
      if (word->mark == '}') --directive_.depth;
      return &directive_;
    }
    directive_.words.push_back(word->text);
  }
  return nullptr;
}

}  // namespace chorale::agent
