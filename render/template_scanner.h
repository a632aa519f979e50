// A Mustache template as a list of tokens. The library's own parser reports byte offsets, accepts mismatched names and
// leaves a blank line wherever a section is false, so Chorale reads the tags itself. Pure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "render/error.h"
#include "render/template.h"

namespace chorale::render {

enum class TokenKind { kText, kVariable, kRawVariable, kSection, kInvertedSection, kSectionEnd };

struct Token {
  TokenKind kind = TokenKind::kText;
  std::string text;       // literal text, or the name in the tag
  std::string spelling;   // the tag as it stands in the source
  int line = 0;           // 1-based, where the token begins
  bool own_line = false;  // a section tag with nothing but such tags and blanks on its line; that line is removed
};

// Comments and changes of the delimiters are gone; text is never empty. Refuses partials, tags without an end or a
// name, and control characters. Whether names are known and sections match is not looked at: see template_grammar.h.
[[nodiscard]] tl::expected<std::vector<Token>, Error> scan_template(std::string_view text, const std::string& file,
                                                                    const Delimiters& delimiters);

}  // namespace chorale::render
