#include "agent/migrate/go_scanner.h"

#include <algorithm>
#include <array>
#include <optional>

namespace chorale::agent {
namespace {

constexpr std::string_view kGoSpace = " \t\r\n";
constexpr std::string_view kComment = "/*";
constexpr std::string_view kCommentEnd = "*/";

bool is_space(char c) { return kGoSpace.find(c) != std::string_view::npos; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_word(char c) { return is_letter(c) || is_digit(c); }
bool is_go_blank(std::string_view text) { return text.find_first_not_of(kGoSpace) == std::string_view::npos; }

std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool is_plain = static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
    if (is_plain) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (line.ends_with(' ')) line.pop_back();
  return line;
}

void append_utf8(std::string& text, unsigned long code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | (code >> 6));
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0 | (code >> 12));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | (code >> 18));
    text += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// Takes the digits of \x, \u, \U or an octal escape off the front.
std::optional<unsigned long> take_code(std::string_view& rest, std::size_t digits, int base) {
  if (rest.size() < digits) return std::nullopt;
  const std::string number(rest.substr(0, digits));
  if (number.find_first_not_of(base == 8 ? "01234567" : "0123456789abcdefABCDEF") != std::string::npos) {
    return std::nullopt;
  }
  rest.remove_prefix(digits);
  return std::stoul(number, nullptr, base);
}

// What stands between double quotes, with Go's escapes. nullopt: one of them is none.
std::optional<std::string> unescape(std::string_view quoted) {
  constexpr std::string_view kLetters = "abfnrtv\\\"'";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"'";
  std::string text;
  while (!quoted.empty()) {
    const char c = quoted.front();
    quoted.remove_prefix(1);
    if (c != '\\') {
      text += c;
      continue;
    }
    if (quoted.empty()) return std::nullopt;
    const char escape = quoted.front();
    if (const auto at = kLetters.find(escape); at != std::string_view::npos) {
      text += kMeanings[at];
      quoted.remove_prefix(1);
      continue;
    }
    const bool is_octal = escape >= '0' && escape <= '7';
    if (!is_octal && escape != 'x' && escape != 'u' && escape != 'U') return std::nullopt;
    if (!is_octal) quoted.remove_prefix(1);
    const std::size_t digits = is_octal ? 3 : (escape == 'x' ? 2 : (escape == 'u' ? 4 : 8));
    const auto code = take_code(quoted, digits, is_octal ? 8 : 16);
    if (!code || *code > 0x10ffff) return std::nullopt;
    if (is_octal || escape == 'x') {
      text += static_cast<char>(*code);
    } else {
      append_utf8(text, *code);
    }
  }
  return text;
}

// Where the text in quotes that begins `text` ends, behind its last quote; npos: nowhere.
std::size_t end_of_quoted(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) return i + 1;
    if (quote == '`') continue;
    if (text[i] == '\n') return std::string_view::npos;
    if (text[i] == '\\') ++i;
  }
  return std::string_view::npos;
}

// The tokens of an action's content.
class Tokenizer {
 public:
  Tokenizer(std::string_view content, int line) : rest_(content), line_(line) {}

  tl::expected<std::vector<GoToken>, SyntaxError> scan() {
    bool spaced = true;
    while (!rest_.empty()) {
      if (is_space(rest_.front())) {
        if (rest_.front() == '\n') ++line_;
        rest_.remove_prefix(1);
        spaced = true;
        continue;
      }
      const std::size_t before = tokens_.size();
      if (auto wrong = scan_token()) return tl::unexpected(*wrong);
      tokens_[before].spaced = spaced;
      spaced = false;
    }
    return std::move(tokens_);
  }

 private:
  using Kind = GoToken::Kind;

  std::optional<SyntaxError> scan_token() {
    const char c = rest_.front();
    if (c == '"' || c == '`' || c == '\'') return scan_quoted();
    const bool is_sign = (c == '-' || c == '+') && rest_.size() > 1;
    if (is_digit(c) || (is_sign && is_digit(rest_[1])) || (c == '.' && rest_.size() > 1 && is_digit(rest_[1]))) {
      return scan_number();
    }
    if (is_letter(c)) return add(Kind::kWord, word_at(0));
    if (c == '$') return add(Kind::kVariable, "$" + word_at(1));
    if (c == '.') {
      const std::string name = word_at(1);
      return add(name.empty() ? Kind::kDot : Kind::kField, name, name.size() + 1);
    }
    if (rest_.starts_with(":=")) return add(Kind::kSymbol, ":=");
    if (std::string_view("|(),=").find(c) != std::string_view::npos) return add(Kind::kSymbol, std::string(1, c));
    return SyntaxError{line_, std::string("unexpected character '") + c + "' in an action"};
  }

  [[nodiscard]] std::string word_at(std::size_t begin) const {
    const std::string_view word = rest_.substr(begin);
    return {word.begin(), std::find_if_not(word.begin(), word.end(), is_word)};
  }

  std::optional<SyntaxError> add(Kind kind, std::string text, std::size_t bytes = 0) {
    rest_.remove_prefix(bytes > 0 ? bytes : text.size());
    tokens_.push_back({kind, std::move(text)});
    return std::nullopt;
  }

  std::optional<SyntaxError> scan_quoted() {
    const std::size_t end = end_of_quoted(rest_);
    if (end == std::string_view::npos) {
      return SyntaxError{line_, std::string("a text without its end: expected ") + rest_.front()};
    }
    const std::string_view quoted = rest_.substr(1, end - 2);
    const auto text = rest_.front() == '`' ? std::optional(std::string(quoted)) : unescape(quoted);
    if (!text) return SyntaxError{line_, "an escape that Go does not know in " + on_one_line(rest_.substr(0, end))};
    const bool is_character = rest_.front() == '\'';
    line_ += static_cast<int>(std::count(quoted.begin(), quoted.end(), '\n'));
    if (!is_character) return add(Kind::kText, *text, end);
    // A character constant is its number.
    if (text->size() != 1) return SyntaxError{line_, "expected one ASCII character between single quotes"};
    return add(Kind::kNumber, std::to_string(static_cast<int>(text->front())), end);
  }

  std::optional<SyntaxError> scan_number() {
    std::size_t end = 1;
    while (end < rest_.size() && (is_word(rest_[end]) || rest_[end] == '.')) ++end;
    return add(Kind::kNumber, std::string(rest_.substr(0, end)));
  }

  std::string_view rest_;
  int line_;
  std::vector<GoToken> tokens_;
};

// A piece with what its delimiters ask for.
struct RawPiece {
  GoPiece piece;
  bool ends_line = false;  // text that ends with a newline; text is cut there
  bool trims_left = false;
  bool trims_right = false;

  // An action that leaves nothing at its own place.
  [[nodiscard]] bool is_structure() const {
    constexpr std::array<std::string_view, 10> kWords{"if",     "else",  "end",      "range", "with",
                                                      "define", "block", "template", "break", "continue"};
    if (piece.is_text) return false;
    if (piece.tokens.empty()) return true;
    const GoToken& first = piece.tokens.front();
    if (first.kind == GoToken::Kind::kWord) {
      return std::find(kWords.begin(), kWords.end(), first.text) != kWords.end();
    }
    if (first.kind != GoToken::Kind::kVariable || piece.tokens.size() < 2) return false;
    const std::string& second = piece.tokens[1].text;
    return piece.tokens[1].kind == GoToken::Kind::kSymbol && (second == ":=" || second == "=" || second == ",");
  }
};

class Scanner {
 public:
  Scanner(std::string_view text, const GoDelimiters& delimiters)
      : rest_(text), left_(delimiters.left), right_(delimiters.right) {}

  tl::expected<std::vector<RawPiece>, SyntaxError> scan() {
    while (!rest_.empty()) {
      add_text(rest_.substr(0, rest_.find(left_)));
      if (rest_.empty()) break;
      if (auto wrong = scan_action()) return tl::unexpected(*wrong);
    }
    return std::move(pieces_);
  }

 private:
  void add_text(std::string_view text) {
    rest_.remove_prefix(text.size());
    while (!text.empty()) {
      const std::size_t newline = text.find('\n');
      const bool ends_line = newline != std::string_view::npos;
      const std::string_view part = text.substr(0, ends_line ? newline + 1 : text.size());
      pieces_.push_back({GoPiece{true, std::string(part), line_, false, {}}, ends_line});
      text.remove_prefix(part.size());
      if (ends_line) ++line_;
    }
  }

  // Called where rest_ begins with the left delimiter.
  std::optional<SyntaxError> scan_action() {
    RawPiece raw;
    raw.piece.line = line_;
    std::string_view content = rest_.substr(left_.size());
    raw.trims_left = content.size() > 1 && content[0] == '-' && is_space(content[1]);
    if (raw.trims_left) content.remove_prefix(1);
    const bool is_comment =
        content.substr(std::min(content.find_first_not_of(kGoSpace), content.size())).starts_with(kComment);
    const std::size_t length = is_comment ? comment_length(content) : action_length(content);
    if (length == std::string_view::npos) {
      const std::string expected = is_comment ? "*/" + right_ : right_;
      return SyntaxError{line_, "unclosed action: expected \"" + expected + "\""};
    }
    const std::size_t taken = static_cast<std::size_t>(content.data() - rest_.data()) + length + right_.size();
    content = content.substr(0, length);
    raw.trims_right = content.size() > 1 && content.back() == '-' && is_space(content[content.size() - 2]);
    if (raw.trims_right) content.remove_suffix(1);
    if (!is_comment) {
      auto tokens = Tokenizer(content, line_).scan();
      if (!tokens) return std::move(tokens).error();
      if (tokens->empty()) return SyntaxError{line_, "an action without a value"};
      raw.piece.tokens = *std::move(tokens);
      raw.piece.text = on_one_line(content);
    }
    const std::string_view whole = rest_.substr(0, taken);
    line_ += static_cast<int>(std::count(whole.begin(), whole.end(), '\n'));
    rest_.remove_prefix(taken);
    pieces_.push_back(std::move(raw));
    return std::nullopt;
  }

  // Up to the right delimiter, which means nothing inside a text in quotes.
  [[nodiscard]] std::size_t action_length(std::string_view content) const {
    std::size_t at = 0;
    while (at < content.size()) {
      if (content.substr(at).starts_with(right_)) return at;
      const char c = content[at];
      if (c != '"' && c != '`' && c != '\'') {
        ++at;
        continue;
      }
      const std::size_t end = end_of_quoted(content.substr(at));
      if (end == std::string_view::npos) return content.find(right_, at);  // the tokens say what is wrong
      at += end;
    }
    return std::string_view::npos;
  }

  // A comment is all of its action.
  [[nodiscard]] std::size_t comment_length(std::string_view content) const {
    const std::size_t begin = content.find(kComment);
    const std::size_t end = content.find(kCommentEnd, begin + kComment.size());
    if (end == std::string_view::npos) return end;
    const std::size_t closing = content.find(right_, end);
    if (closing == std::string_view::npos) return closing;
    const std::string_view between = content.substr(end + kCommentEnd.size(), closing - end - kCommentEnd.size());
    return is_go_blank(between) || (between.ends_with('-') && is_go_blank(between.substr(0, between.size() - 1)))
               ? closing
               : std::string_view::npos;
  }

  std::string_view rest_;
  const std::string& left_;
  const std::string& right_;
  int line_ = 1;
  std::vector<RawPiece> pieces_;
};

using RawPieces = std::vector<RawPiece>;

// Trimmed on both sides a tag joins what stands around it; only behind what ends a word for Nginx does that not matter.
bool joins_words(const RawPieces& pieces, RawPieces::const_iterator action) {
  if (!action->trims_left || !action->trims_right) return false;
  for (auto before = action; before != pieces.begin();) {
    --before;
    if (!before->piece.is_text) return false;
    const std::size_t last = before->piece.text.find_last_not_of(kGoSpace);
    if (last != std::string::npos) return std::string_view(";{}").find(before->piece.text[last]) == std::string::npos;
  }
  return false;
}

void take_own_lines(RawPieces& pieces) {
  for (auto begin = pieces.begin(); begin != pieces.end();) {
    auto end = std::find_if(begin, pieces.end(), [](const RawPiece& piece) { return piece.ends_line; });
    if (end != pieces.end()) ++end;
    const bool has_action = std::any_of(begin, end, [](const RawPiece& raw) { return !raw.piece.is_text; });
    const bool is_own = has_action && std::all_of(begin, end, [&](const RawPiece& raw) {
                          if (raw.piece.is_text) return is_go_blank(raw.piece.text);
                          return raw.is_structure() && !joins_words(pieces, pieces.begin() + (&raw - pieces.data()));
                        });
    if (is_own) {
      for (auto piece = begin; piece != end; ++piece) {
        piece->piece.own_line = true;
        if (piece->piece.is_text) piece->piece.text.clear();
      }
    }
    begin = end;
  }
}

void trim_texts(RawPieces& pieces) {
  for (auto action = pieces.begin(); action != pieces.end(); ++action) {
    if (action->piece.is_text || action->piece.own_line) continue;
    for (auto before = action; action->trims_left && before != pieces.begin();) {
      --before;
      std::string& text = before->piece.text;
      if (!before->piece.is_text) break;
      text.erase(text.find_last_not_of(kGoSpace) + 1);  // npos + 1 is 0
      if (!text.empty()) break;
    }
    for (auto after = action + 1; action->trims_right && after != pieces.end() && after->piece.is_text; ++after) {
      std::string& text = after->piece.text;
      text.erase(0, std::min(text.find_first_not_of(kGoSpace), text.size()));
      if (!text.empty()) break;
    }
  }
}

}  // namespace

tl::expected<std::vector<GoPiece>, SyntaxError> scan_go_template(std::string_view text,
                                                                 const GoDelimiters& delimiters) {
  auto scanned = Scanner(text, delimiters).scan();
  if (!scanned) return tl::unexpected(std::move(scanned).error());
  take_own_lines(*scanned);
  trim_texts(*scanned);
  std::vector<GoPiece> pieces;
  for (RawPiece& raw : *scanned) {
    if (raw.piece.is_text ? raw.piece.text.empty() : raw.piece.tokens.empty()) continue;
    pieces.push_back(std::move(raw.piece));
  }
  return pieces;
}

}  // namespace chorale::agent
