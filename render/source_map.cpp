#include "render/source_map.h"

#include <algorithm>

namespace chorale::render {
namespace {

bool is_tag_line(const Token& token) { return token.kind != TokenKind::kText && token.own_line; }

bool is_blank(const Token& token) {
  return token.kind == TokenKind::kText && token.text.find_first_not_of(" \t\r\n") == std::string::npos;
}

}  // namespace

SourceMap::SourceMap(const std::vector<CompiledToken>& tokens) {
  const Token* before = nullptr;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i].token;
    if (!is_tag_line(token)) {
      const bool alone = i + 1 == tokens.size() || tokens[i + 1].token.line != token.line;
      const bool swallowed = is_blank(token) && alone && before != nullptr && is_tag_line(*before);
      if (!swallowed) written_.insert(token.line);
    }
    before = &token;
  }
  // Where there is no tag at all, the text is the template.
  marks_.push_back({0, 0, true});
}

void SourceMap::note(std::size_t offset, const CompiledToken& token) {
  marks_.push_back({offset, token.token.line, token.token.own_line});
}

int SourceMap::next(int line) const {
  const auto found = written_.upper_bound(line);
  return found == written_.end() ? 0 : *found;
}

int SourceMap::line_of(std::string_view text, int line) const {
  const std::optional<std::size_t> begin = line_begin(text, line);
  if (!begin) return 0;
  const auto after = std::upper_bound(marks_.begin(), marks_.end(), *begin,
                                      [](std::size_t at, const Mark& mark) { return at < mark.offset; });
  const std::size_t from = std::prev(after)->offset;
  // Of the tags that were met there, one that stands within a line says exactly which; else the last one met.
  const auto first =
      std::lower_bound(marks_.begin(), after, from, [](const Mark& mark, std::size_t at) { return mark.offset < at; });
  const auto within = std::find_if(first, after, [](const Mark& mark) { return !mark.leaves_no_line; });
  int source = within != after ? within->line : next(std::prev(after)->line);
  for (auto rest = std::count(text.begin() + static_cast<std::ptrdiff_t>(from),
                              text.begin() + static_cast<std::ptrdiff_t>(*begin), '\n');
       rest > 0 && source != 0; --rest) {
    source = next(source);
  }
  return source;
}

std::optional<std::size_t> line_begin(std::string_view text, int line) {
  if (line < 1) return std::nullopt;
  std::size_t offset = 0;
  for (int number = 1; number < line; ++number) {
    offset = text.find('\n', offset);
    if (offset == std::string_view::npos) return std::nullopt;
    ++offset;
  }
  if (offset >= text.size()) return std::nullopt;
  return offset;
}

}  // namespace chorale::render
