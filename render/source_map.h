// Which line of a template wrote which line of its text, from the places where tags were met. Pure.
//
// A tag tells exactly. The lines of plain text behind it are counted on, over those lines of the template that leave a
// line behind: a line of section tags or comments alone does not, nor does a blank one below a line of section tags.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "render/template_grammar.h"

namespace chorale::render {

class SourceMap {
 public:
  explicit SourceMap(const std::vector<CompiledToken>& tokens);

  // `token`, a tag, was met when the text was `offset` bytes long: all of its earlier lines, complete. Rising.
  void note(std::size_t offset, const CompiledToken& token);
  // 1-based lines; 0: unknown, or the text has no such line.
  [[nodiscard]] int line_of(std::string_view text, int line) const;

 private:
  struct Mark {
    std::size_t offset = 0;
    int line = 0;         // of the template
    bool leaves_no_line;  // what stands at `offset` was written by the next line that does
  };
  // The first line below this one that leaves a line behind; 0: none does.
  [[nodiscard]] int next(int line) const;

  std::set<int> written_;  // the template's lines that leave a line behind
  std::vector<Mark> marks_;
};

// Where a 1-based line begins; nullopt: the text has no such line.
[[nodiscard]] std::optional<std::size_t> line_begin(std::string_view text, int line);

}  // namespace chorale::render
