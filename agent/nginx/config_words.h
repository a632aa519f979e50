// A config's text as Nginx's own words. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chorale::agent {

struct ConfigWord {
  std::string text;
  char mark = '\0';  // ';', '{' or '}' where it stands for itself
};

// One after the other: bare or quoted parameters and marks. Lenient: it is read after Nginx was asked, or before.
class ConfigWords {
 public:
  explicit ConfigWords(std::string_view text) : rest_(text) {}

  // nullopt at the end.
  std::optional<ConfigWord> next();

 private:
  std::string take(std::size_t bytes);
  std::string quoted(char quote);
  void skip_space_and_comments();

  std::string_view rest_;
};

}  // namespace chorale::agent
