// A config's text as Nginx's own words and directives. Pure.
#pragma once

#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// A directive's words and how it ends: at ';', or at the '{' of its block; or the '}' that ends a block.
struct ConfigDirective {
  std::vector<std::string_view> words;
  char end = ';';
  int depth = 0;  // the blocks around it; 0: the main context

  // `NAME VALUE...;` of the main context.
  [[nodiscard]] bool is_main(std::string_view name) const {
    return end == ';' && depth == 0 && words.size() >= 2 && words[0] == name;
  }
};

class ConfigDirectives {
 public:
  explicit ConfigDirectives(std::string_view text) : words_(text) {}

  // nullptr at the end; else valid until the next call.
  const ConfigDirective* next();

 private:
  ConfigWords words_;
  ConfigDirective directive_;
};

}  // namespace chorale::agent
