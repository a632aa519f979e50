// Columns of text for people: as wide as their widest cell, the last one as long as it likes. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace chorale::agent {

// The first row is the heading. Cells are made safe for a terminal: no control characters.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);
// `head`, then `text` in lines of at most 80 bytes, indented as far as the head is long. It is broken at blanks alone:
// a word that is too long for a line has one of its own. `most`: of lines; what is cut off ends with " ...".
[[nodiscard]] std::string wrapped(const std::string& head, std::string_view text, std::size_t most = 1'000);
// Text from outside, on one terminal line.
[[nodiscard]] std::string safe(std::string_view text);

}  // namespace chorale::agent
