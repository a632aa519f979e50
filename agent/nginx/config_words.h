// A config's text as Nginx's own words. Pure.
#pragma once

#include <forward_list>
#include <optional>
#include <string>
#include <string_view>

namespace chorale::agent {

struct ConfigWord {
  std::string_view text;
  char mark = '\0';  // ';', '{' or '}' where it stands for itself
};

// One after the other: bare or quoted parameters and marks. Lenient: it is read after Nginx was asked, or before. Words
// are views, valid as long as this object and the text: a large file has hundreds of thousands.
class ConfigWords {
 public:
  explicit ConfigWords(std::string_view text) : rest_(text) {}

  // nullopt at the end.
  std::optional<ConfigWord> next();

 private:
  std::string_view take(std::size_t bytes);
  std::string_view quoted(char quote);
  void skip_space_and_comments();

  std::string_view rest_;
  std::forward_list<std::string> unescaped_;  // quoted words, without their escapes
};

}  // namespace chorale::agent
