// A Go template as texts and actions, and an action as tokens. Pure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace chorale::agent {

// Go itself would not read such a template.
struct SyntaxError {
  int line = 0;         // 1-based
  std::string message;  // what was expected
};

struct GoToken {
  enum class Kind { kWord, kField, kDot, kVariable, kText, kNumber, kSymbol };
  Kind kind = Kind::kWord;
  std::string text;     // a field without its dot, a variable with its '$', a text without quotes and escapes
  bool spaced = false;  // a blank stands before it: ".a .b" are two operands, ".a.b" is one
};

// A text, or an action with its tokens. A comment is an action without tokens.
struct GoPiece {
  bool is_text = false;
  std::string text;             // of an action: as written, on one line, without delimiters
  int line = 0;                 // 1-based, where it begins
  bool own_line = false;        // see GoOwnLines
  std::vector<GoToken> tokens;  // of an action
};

struct GoDelimiters {
  std::string left = "{{";
  std::string right = "}}";
};

// Trim markers are carried out, comments are gone, and so are lines that hold tags of structure alone: there blanks
// beside the tags mean nothing to Nginx.
[[nodiscard]] tl::expected<std::vector<GoPiece>, SyntaxError> scan_go_template(std::string_view text,
                                                                               const GoDelimiters& delimiters);

}  // namespace chorale::agent
