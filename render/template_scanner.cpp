#include "render/template_scanner.h"

#include <algorithm>
#include <optional>

namespace chorale::render {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool is_delimiter(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    return c == '=' || static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
  });
}

// What the scanner makes of the source before lines are looked at: a comment and a change of delimiters are still
// there.
struct Piece {
  Token token;
  bool is_invisible = false;  // a comment or a change of delimiters
  bool ends_line = false;     // text that ends with a newline; text is cut there

  [[nodiscard]] bool may_share_own_line() const {
    switch (token.kind) {
      case TokenKind::kSection:
      case TokenKind::kInvertedSection:
      case TokenKind::kSectionEnd:
        return true;
      case TokenKind::kVariable:
      case TokenKind::kRawVariable:
        return false;
      case TokenKind::kText:
        return is_invisible || token.text.find_first_not_of(kSpace) == std::string::npos;
    }
    return false;
  }
  [[nodiscard]] bool is_text() const { return token.kind == TokenKind::kText && !is_invisible; }
};

class Scanner {
 public:
  Scanner(std::string_view text, const std::string& file, const Delimiters& delimiters)
      : rest_(text), file_(file), left_(delimiters.left), right_(delimiters.right) {}

  tl::expected<std::vector<Piece>, Error> scan() {
    if (!is_delimiter(left_) || !is_delimiter(right_)) {
      return tl::unexpected(Error{file_, 0, "delimiters must not be empty nor hold blanks or '='"});
    }
    while (!rest_.empty()) {
      scan_text(rest_.substr(0, rest_.find(left_)));
      if (rest_.empty()) break;
      if (const std::optional<Error> error = scan_tag()) return tl::unexpected(*error);
    }
    return std::move(pieces_);
  }

 private:
  void scan_text(std::string_view text) {
    rest_.remove_prefix(text.size());
    while (!text.empty()) {
      const std::size_t newline = text.find('\n');
      const bool ends_line = newline != std::string_view::npos;
      const std::string_view part = text.substr(0, ends_line ? newline + 1 : text.size());
      pieces_.push_back({Token{TokenKind::kText, std::string(part), "", line_}, false, ends_line});
      text.remove_prefix(part.size());
      if (ends_line) ++line_;
    }
  }

  // Called where rest_ begins with the left delimiter.
  std::optional<Error> scan_tag() {
    // "{{{name}}}", and "<%{name}%>" with other delimiters.
    const bool is_triple = rest_.substr(left_.size()).starts_with('{');
    const std::string closing = (is_triple ? "}" : "") + right_;
    const std::size_t begin = left_.size() + (is_triple ? 1 : 0);
    const std::size_t end = rest_.find(closing, begin);
    if (end == std::string_view::npos) return error("unclosed tag: expected '" + closing + "'");
    const std::string_view content = trim(rest_.substr(begin, end - begin));
    const std::string_view spelling = rest_.substr(0, end + closing.size());
    const bool is_comment = !is_triple && content.starts_with('!');
    if (!is_comment && spelling.find('\n') != std::string_view::npos) {
      return error("unclosed tag: expected '" + closing + "' on the same line");
    }
    std::optional<Error> wrong =
        is_triple ? add_tag(TokenKind::kRawVariable, content, spelling) : add_sigil_tag(content, spelling);
    if (wrong) return wrong;
    line_ += static_cast<int>(std::count(spelling.begin(), spelling.end(), '\n'));
    rest_.remove_prefix(spelling.size());
    return std::nullopt;
  }

  std::optional<Error> add_sigil_tag(std::string_view content, std::string_view spelling) {
    const char sigil = content.empty() ? ' ' : content.front();
    const std::string_view name = content.empty() ? content : trim(content.substr(1));
    switch (sigil) {
      case '!':
        add_invisible();
        return std::nullopt;
      case '=':
        return set_delimiters(content);
      case '#':
        return add_tag(TokenKind::kSection, name, spelling);
      case '^':
        return add_tag(TokenKind::kInvertedSection, name, spelling);
      case '/':
        return add_tag(TokenKind::kSectionEnd, name, spelling);
      case '&':
        return add_tag(TokenKind::kRawVariable, name, spelling);
      case '>':
        return error("partials are not supported: a template is one file");
      default:
        return add_tag(TokenKind::kVariable, content, spelling);
    }
  }

  std::optional<Error> add_tag(TokenKind kind, std::string_view name, std::string_view spelling) {
    if (name.empty()) return error("a tag without a name");
    pieces_.push_back({Token{kind, std::string(name), std::string(spelling), line_}});
    return std::nullopt;
  }

  void add_invisible() { pieces_.push_back({Token{TokenKind::kText, "", "", line_}, true}); }

  std::optional<Error> set_delimiters(std::string_view content) {
    const std::string message = "expected new delimiters as in '=<% %>='";
    content.remove_prefix(1);
    if (!content.ends_with('=')) return error(message);
    content.remove_suffix(1);
    const std::string_view both = trim(content);
    const std::size_t blank = both.find_first_of(kSpace);
    if (blank == std::string_view::npos) return error(message);
    const std::string_view left = both.substr(0, blank);
    const std::string_view right = trim(both.substr(blank));
    if (!is_delimiter(left) || !is_delimiter(right)) return error(message);
    // The tag that is being read still ends with the old delimiter: scan_tag found its end before.
    left_ = left;
    right_ = right;
    add_invisible();
    return std::nullopt;
  }

  std::optional<Error> error(std::string message) const { return Error{file_, line_, std::move(message)}; }

  std::string_view rest_;
  const std::string& file_;
  std::string left_;
  std::string right_;
  int line_ = 1;
  std::vector<Piece> pieces_;
};

std::optional<Error> refuse_control_characters(std::string_view text, const std::string& file) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto code = static_cast<unsigned char>(text[i]);
    if ((code >= 0x20 && code != 0x7f) || kSpace.find(text[i]) != std::string_view::npos) continue;
    const auto lines_before = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(i), '\n');
    return Error{file, static_cast<int>(lines_before) + 1, "a control character, code " + std::to_string(code)};
  }
  return std::nullopt;
}

// A line that holds section tags, comments and blanks alone leaves no line in the output (Mustache calls such tags
// standalone). Only the blanks go; a blank line without any tag stays.
void remove_own_lines(std::vector<Piece>& pieces) {
  for (auto begin = pieces.begin(); begin != pieces.end();) {
    auto end = std::find_if(begin, pieces.end(), [](const Piece& piece) { return piece.ends_line; });
    if (end != pieces.end()) ++end;
    const bool has_tag = std::any_of(begin, end, [](const Piece& piece) { return !piece.is_text(); });
    if (has_tag && std::all_of(begin, end, [](const Piece& piece) { return piece.may_share_own_line(); })) {
      for (auto piece = begin; piece != end; ++piece) {
        piece->token.own_line = true;
        if (piece->is_text()) piece->token.text.clear();
      }
    }
    begin = end;
  }
}

}  // namespace

tl::expected<std::vector<Token>, Error> scan_template(std::string_view text, const std::string& file,
                                                      const Delimiters& delimiters) {
  if (const auto error = refuse_control_characters(text, file)) return tl::unexpected(*error);
  tl::expected<std::vector<Piece>, Error> pieces = Scanner(text, file, delimiters).scan();
  if (!pieces) return tl::unexpected(std::move(pieces).error());
  remove_own_lines(*pieces);
  std::vector<Token> tokens;
  for (Piece& piece : *pieces) {
    if (piece.token.kind == TokenKind::kText && piece.token.text.empty()) continue;
    tokens.push_back(std::move(piece.token));
  }
  return tokens;
}

}  // namespace chorale::render
