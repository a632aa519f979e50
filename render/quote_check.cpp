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
  kEnd,      // behind a quoted parameter: something has to end it
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

  // A tag's value: text without a blank, a quote or a semicolon, or (`quoted`) perhaps one quoted parameter.
  void read_value(bool quoted) {
    if (place_ == Place::kEnd) glued_ = true;
    if (place_ == Place::kGap) place_ = quoted ? Place::kEnd : Place::kWord;
    previous_ = 'x';
  }
  // Something follows a quoted parameter that does not end it.
  [[nodiscard]] bool glued() const { return glued_; }

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
      case Place::kEnd:
        glued_ = glued_ || !(is_space(c) || c == ';' || c == '{' || c == ')');
        place_ = c == ')' ? Place::kWord : Place::kGap;
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
  bool glued_ = false;
};

constexpr const char* kGlued = "must be a whole parameter: put a blank or a ';' behind it";

// What is wrong with a quoted parameter in this place; nullptr if it may stand there.
const char* refuse_place(Place place) {
  switch (place) {
    case Place::kGap:
    case Place::kComment:
    case Place::kEnd:  // what stands before it is at fault
      return nullptr;
    case Place::kWord:
      return "must be a whole parameter: put a blank before it";
    case Place::kDouble:
    case Place::kSingle:
      return "stands inside quotes of the template, but is quoted itself: remove those";
  }
  return nullptr;
}

class Checker {
 public:
  Checker(const std::vector<CompiledToken>& tokens, const std::string& file) : tokens_(tokens), file_(file) {}

  [[nodiscard]] std::optional<Error> check() { return read(0, tokens_.size()); }

 private:
  std::optional<Error> read(std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; ++at) {
      const CompiledToken& compiled = tokens_[at];
      switch (compiled.token.kind) {
        case TokenKind::kText:
          nginx_.read(compiled.token.text);
          break;
        case TokenKind::kVariable:
        case TokenKind::kRawVariable:
          if (compiled.may_be_quoted()) {
            if (const char* wrong = refuse_place(nginx_.place())) return error(compiled, wrong);
          }
          nginx_.read_value(compiled.may_be_quoted());
          break;
        case TokenKind::kSection:
        case TokenKind::kInvertedSection:
          open_.push_back(nginx_.place());
          if (is_alternative(at) && nginx_.place() == Place::kEnd) nginx_.set_place(Place::kWord);
          break;
        case TokenKind::kSectionEnd:
          if (auto wrong = end_section(compiled)) return wrong;
          break;
      }
      if (nginx_.glued()) return error(*quoted_, kGlued);
      if (compiled.may_be_quoted()) quoted_ = &compiled;
    }
    return std::nullopt;
  }

  std::optional<Error> end_section(const CompiledToken& compiled) {
    const Place begin = open_.back();
    const Place end = nginx_.place();
    open_.pop_back();
    if (begin == end) return std::nullopt;
    if (is_quoted(begin) || is_quoted(end) || begin == Place::kComment || end == Place::kComment) {
      return error(compiled, "a quote or a comment begins or ends within this section and not again");
    }
    const CompiledToken& section = tokens_[compiled.begin];
    if (section.token.kind == TokenKind::kSection && section.shape == Shape::kList) {
      if (auto wrong = read_second_round(compiled.begin)) return wrong;
    }
    // A gap only if the section is rendered, or only if not: the worse of the two.
    nginx_.set_place(begin == Place::kEnd || end == Place::kEnd ? Place::kEnd : Place::kWord);
    return std::nullopt;
  }

  // It begins where the first one has ended.
  std::optional<Error> read_second_round(std::size_t section) {
    auto wrong = read(section + 1, tokens_[section].end);
    if (wrong) wrong->message += " (at the beginning of a section, behind the end of its round before)";
    return wrong;
  }

  // `{{^name}}` right behind `{{/name}}` or `{{name}}`: only one of the two writes something.
  [[nodiscard]] bool is_alternative(std::size_t at) const {
    if (at == 0 || tokens_[at].token.kind != TokenKind::kInvertedSection) return false;
    const Token& before = tokens_[at - 1].token;
    return (before.kind == TokenKind::kSectionEnd || before.kind == TokenKind::kVariable) &&
           before.text == tokens_[at].token.text;
  }

  [[nodiscard]] Error error(const CompiledToken& compiled, const std::string& message) const {
    return Error{file_, compiled.token.line, compiled.token.spelling + ": " + message};
  }

  const std::vector<CompiledToken>& tokens_;
  const std::string& file_;
  NginxReader nginx_;
  std::vector<Place> open_;                // where each open section begins
  const CompiledToken* quoted_ = nullptr;  // the last value that may be quoted
};

}  // namespace

std::optional<Error> find_unsafe_tag(const std::vector<CompiledToken>& tokens, const std::string& file) {
  return Checker(tokens, file).check();
}

}  // namespace chorale::render
