#include "agent/migrate/pieces.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "agent/migrate/nginx_reader.h"

namespace chorale::agent {
namespace {

using PieceKind = Piece::Kind;
using PieceList = std::vector<Piece>;

constexpr std::string_view kNginxSpace = " \t\r\n";

bool holds_blanks_alone(std::string_view text) { return text.find_first_not_of(kNginxSpace) == std::string_view::npos; }
bool ends_parameter(char c) { return kNginxSpace.find(c) != std::string_view::npos || c == ';' || c == '{'; }
bool is_section_tag(const Piece& piece) {
  return piece.kind == PieceKind::kSection || piece.kind == PieceKind::kInverted || piece.kind == PieceKind::kEnd;
}

bool is_server(const Piece& piece, std::string_view name) {
  return piece.kind == PieceKind::kValue && piece.owner == Owner::kServer && piece.text == name;
}

// host:port is the address, which for IPv6 has its brackets.
void join_addresses(PieceList& pieces) {
  for (std::size_t i = 0; i + 2 < pieces.size(); ++i) {
    const bool is_colon = pieces[i + 1].kind == PieceKind::kText && pieces[i + 1].text == ":";
    if (!is_colon || !is_server(pieces[i], "host") || !is_server(pieces[i + 2], "port")) continue;
    pieces[i].text = "address";
    const auto next = pieces.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    pieces.erase(next, next + 2);
  }
}

void join_texts(PieceList& pieces) {
  PieceList joined;
  for (Piece& piece : pieces) {
    if (piece.kind == PieceKind::kText && !joined.empty() && joined.back().kind == PieceKind::kText) {
      joined.back().text += piece.text;
    } else {
      joined.push_back(std::move(piece));
    }
  }
  pieces = std::move(joined);
}

// Makes every value that may be quoted one that may stand where it stands.
class Quoting {
 public:
  Quoting(PieceList& pieces, std::vector<Finding>& findings) : pieces_(pieces), findings_(findings) {}

  void settle() {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      Piece& piece = pieces_[i];
      switch (piece.kind) {
        case PieceKind::kText:
          reader_.read(piece.text);
          break;
        case PieceKind::kValue:
          if (piece.quoted) settle(i);
          reader_.read_value();
          break;
        case PieceKind::kSection:
        case PieceKind::kInverted:
          open_.push_back(reader_.place());
          break;
        case PieceKind::kEnd:
          if (open_.back() != reader_.place()) reader_.set_place(NginxPlace::kWord);
          open_.pop_back();
          break;
        case PieceKind::kGap:
          break;
      }
    }
  }

 private:
  void settle(std::size_t at) {
    if (reader_.place() == NginxPlace::kComment) return;
    if (reader_.place() == NginxPlace::kGap && ends_after(at)) return;
    if (reader_.in_quotes() && take_quotes(at)) {
      reader_.set_place(NginxPlace::kGap);
      return;
    }
    Piece& piece = pieces_[at];
    piece.raw = true;
    // What is allow-listed is harmless, whatever a filter makes of it.
    if (piece.owner == Owner::kHost || piece.text.starts_with("id |") || piece.text.starts_with("host |")) return;
    Finding finding{Finding::Kind::kNote, piece.line,
                    piece.text +
                        ": written as it is, as Nixy did, since it is part of a word: whoever sets it can write "
                        "any directive of Nginx (chorale check lists such tags)"};
    const bool is_known = std::any_of(findings_.begin(), findings_.end(),
                                      [&](const Finding& one) { return one.message == finding.message; });
    if (!is_known) findings_.push_back(std::move(finding));
  }

  [[nodiscard]] bool ends_after(std::size_t at) const {
    for (std::size_t i = at + 1; i < pieces_.size(); ++i) {
      if (pieces_[i].kind == PieceKind::kText) return ends_parameter(pieces_[i].text.front());
      if (!is_section_tag(pieces_[i])) return false;
      if (is_otherwise(i)) i = end_of(i);
    }
    return true;
  }

  // Is this inverted section what is written instead of the one before it?
  [[nodiscard]] bool is_otherwise(std::size_t at) const {
    if (pieces_[at].kind != PieceKind::kInverted || pieces_[at - 1].kind != PieceKind::kEnd) return false;
    std::size_t begin = at - 1;
    for (int depth = 1; depth > 0;) {
      --begin;
      if (pieces_[begin].kind == PieceKind::kEnd) ++depth;
      if (pieces_[begin].kind == PieceKind::kSection || pieces_[begin].kind == PieceKind::kInverted) --depth;
    }
    return pieces_[begin].kind == PieceKind::kSection && pieces_[begin].text == pieces_[at].text;
  }

  [[nodiscard]] std::size_t end_of(std::size_t begin) const {
    int depth = 0;
    for (std::size_t i = begin; i < pieces_.size(); ++i) {
      if (pieces_[i].kind == PieceKind::kSection || pieces_[i].kind == PieceKind::kInverted) ++depth;
      if (pieces_[i].kind == PieceKind::kEnd && --depth == 0) return i;
    }
    return pieces_.size();
  }

  // The quotes of the template around this value and nothing else: its own take their place.
  bool take_quotes(std::size_t at) {
    if (at == 0 || at + 1 >= pieces_.size()) return false;
    Piece& before = pieces_[at - 1];
    Piece& after = pieces_[at + 1];
    if (before.kind != PieceKind::kText || after.kind != PieceKind::kText) return false;
    const char quote = reader_.place() == NginxPlace::kDouble ? '"' : '\'';
    const std::size_t size = before.text.size();
    const bool opens =
        before.text.back() == quote && (size < 2 || kNginxSpace.find(before.text[size - 2]) != std::string::npos);
    const bool closes = after.text.front() == quote && (after.text.size() < 2 || ends_parameter(after.text[1]));
    if (!opens || !closes) return false;
    before.text.pop_back();
    after.text.erase(0, 1);
    return true;
  }

  PieceList& pieces_;
  std::vector<Finding>& findings_;
  NginxReader reader_;
  std::vector<NginxPlace> open_;
};

// Puts the text together line by line.
class Writer {
 public:
  Writer(const GoDelimiters& delimiters, const std::vector<Finding>& findings)
      : left_(delimiters.left), right_(delimiters.right), findings_(findings) {}

  std::string write(const PieceList& pieces) {
    for (const Piece& piece : pieces) add(piece);
    end_line();
    return std::move(text_);
  }

 private:
  void add(const Piece& piece) {
    if (piece.kind == PieceKind::kText) return add_text(piece.text);
    if (piece.own_line && holds_blanks_alone(line_) && gaps_.empty()) {
      line_.clear();
      text_ += piece.kind == PieceKind::kGap ? comment(piece, "") : spelled(piece) + "\n";
      return;
    }
    if (piece.kind == PieceKind::kGap) {
      gaps_.push_back(piece);
      return;
    }
    // "{" before "{{" would begin a triple tag.
    if (line_.ends_with(left_.front())) line_ += ' ';
    line_ += spelled(piece);
    if (piece.kind == PieceKind::kValue) {
      reader_.read_value();
    } else {
      has_section_ = true;
    }
  }

  void add_text(std::string_view text) {
    while (!text.empty()) {
      const std::size_t newline = text.find('\n');
      const std::string_view part = text.substr(0, newline == std::string_view::npos ? newline : newline + 1);
      line_ += part;
      reader_.read(part);
      if (newline != std::string_view::npos) end_line();
      text.remove_prefix(part.size());
    }
  }

  // A line with a gap is marked above; where it is one whole directive, it is a comment from now on.
  void end_line() {
    const std::string indent = line_.substr(0, std::min(line_.find_first_not_of(" \t"), line_.size()));
    for (const Piece& gap : gaps_) text_ += comment(gap, indent);
    const bool is_directive = begins_directive_ && reader_.begins_directive() && !has_section_ &&
                              !holds_blanks_alone(line_) && line_.find_last_not_of(kNginxSpace) == line_.rfind(';');
    if (!gaps_.empty() && is_directive) line_.insert(indent.size(), "# ");
    text_ += line_;
    line_.clear();
    gaps_.clear();
    has_section_ = false;
    begins_directive_ = reader_.begins_directive();
    begins_in_quotes_ = reader_.in_quotes();
  }

  [[nodiscard]] std::string comment(const Piece& gap, const std::string& indent) const {
    const std::string text =
        "chorale migrate: line " + std::to_string(gap.line) + " is left out: " + plain(findings_[gap.finding].message);
    if (begins_in_quotes_) return left_ + "! " + text + " " + right_ + "\n";
    return indent + "# " + text + "\n";
  }

  // Without what would be a tag or a local value.
  [[nodiscard]] std::string plain(std::string text) const {
    for (const std::string& taken : {left_, right_, std::string("@{"), std::string("{{"), std::string("}}")}) {
      for (std::size_t at = text.find(taken); at != std::string::npos; at = text.find(taken)) {
        text.erase(at, taken.size());
      }
    }
    return text;
  }

  [[nodiscard]] std::string spelled(const Piece& piece) const {
    if (piece.kind == PieceKind::kSection) return left_ + "#" + piece.text + right_;
    if (piece.kind == PieceKind::kInverted) return left_ + "^" + piece.text + right_;
    if (piece.kind == PieceKind::kEnd) return left_ + "/" + piece.text + right_;
    return piece.raw ? left_ + "{" + piece.text + "}" + right_ : left_ + piece.text + right_;
  }

  const std::string& left_;
  const std::string& right_;
  const std::vector<Finding>& findings_;
  std::string text_;
  std::string line_;
  PieceList gaps_;
  bool has_section_ = false;
  bool begins_directive_ = true;
  bool begins_in_quotes_ = false;
  NginxReader reader_;
};

}  // namespace

std::string written(PieceList pieces, const GoDelimiters& delimiters, std::vector<Finding>& findings) {
  join_texts(pieces);
  join_addresses(pieces);
  Quoting(pieces, findings).settle();
  std::erase_if(pieces, [](const Piece& piece) { return piece.kind == PieceKind::kText && piece.text.empty(); });
  return Writer(delimiters, findings).write(pieces);
}

}  // namespace chorale::agent
