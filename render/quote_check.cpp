#include "render/quote_check.h"

#include <string_view>

namespace chorale::render {
namespace {

// Where Nginx's parser (ngx_conf_read_token) stands.
enum class Place {
  kGap,      // a parameter may begin here
  kWord,     // inside an unquoted parameter
  kDouble,   // inside "..."
  kSingle,   // inside '...'
  kComment,  // until the end of the line
};

bool is_quoted(Place place) { return place == Place::kDouble || place == Place::kSingle; }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class NginxReader {
 public:
  [[nodiscard]] Place place() const { return place_; }
  void set_place(Place place) { place_ = place; }

  void read(std::string_view text) {
    for (const char c : text) read(c);
  }

  // A tag's value: text without a blank, a quote or a semicolon, or one quoted parameter.
  void read_value() {
    if (place_ == Place::kGap) place_ = Place::kWord;
    previous_ = 'x';
  }

 private:
  void read(char c) {
    const char previous = previous_;
    // An escaped character means nothing, and escapes nothing.
    const bool is_escaped = previous == '\\';
    previous_ = is_escaped ? 'x' : c;
    switch (place_) {
      case Place::kComment:
        if (c == '\n') place_ = Place::kGap;
        return;
      case Place::kDouble:
        if (c == '"' && !is_escaped) place_ = Place::kWord;
        return;
      case Place::kSingle:
        if (c == '\'' && !is_escaped) place_ = Place::kWord;
        return;
      case Place::kGap:
        read_in_gap(c);
        return;
      case Place::kWord:
        if (is_escaped) return;
        // "${name}" is a variable and "@{name}" a local value: neither opens a block.
        if (is_space(c) || c == ';' || (c == '{' && previous != '$' && previous != '@')) place_ = Place::kGap;
        return;
    }
  }

  void read_in_gap(char c) {
    if (is_space(c) || c == ';' || c == '{' || c == '}') return;
    if (c == '#') {
      place_ = Place::kComment;
    } else if (c == '"') {
      place_ = Place::kDouble;
    } else if (c == '\'') {
      place_ = Place::kSingle;
    } else {
      place_ = Place::kWord;
    }
  }

  Place place_ = Place::kGap;
  char previous_ = '\n';
};

// What is wrong with a quoted parameter in this place; nullptr if it may stand there.
const char* refuse_place(Place place) {
  switch (place) {
    case Place::kGap:
    case Place::kComment:
      return nullptr;
    case Place::kWord:
      return "must be a whole parameter: put a blank before it";
    case Place::kDouble:
    case Place::kSingle:
      return "stands inside quotes of the template, but is quoted itself: remove those";
  }
  return nullptr;
}

}  // namespace

std::optional<Error> find_unsafe_tag(const std::vector<CompiledToken>& tokens, const std::string& file) {
  NginxReader nginx;
  std::vector<Place> open;  // where each open section begins
  for (const CompiledToken& compiled : tokens) {
    const auto error = [&](const std::string& message) {
      return Error{file, compiled.token.line, compiled.token.spelling + ": " + message};
    };
    switch (compiled.token.kind) {
      case TokenKind::kText:
        nginx.read(compiled.token.text);
        break;
      case TokenKind::kVariable:
        if (compiled.may_be_quoted()) {
          if (const char* wrong = refuse_place(nginx.place())) return error(wrong);
        }
        nginx.read_value();
        break;
      case TokenKind::kRawVariable:
        nginx.read_value();
        break;
      case TokenKind::kSection:
      case TokenKind::kInvertedSection:
        open.push_back(nginx.place());
        break;
      case TokenKind::kSectionEnd: {
        const Place begin = open.back();
        const Place end = nginx.place();
        open.pop_back();
        if (begin == end) break;
        if (is_quoted(begin) || is_quoted(end) || begin == Place::kComment || end == Place::kComment) {
          return error("a quote or a comment begins or ends within this section and not again");
        }
        nginx.set_place(Place::kWord);  // a gap only if the section is rendered, or only if not: the worse of the two
        break;
      }
    }
  }
  return std::nullopt;
}

}  // namespace chorale::render
