// Columns of text for people: as wide as their widest cell, the last one as long as it likes. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chorale::agent {

// The first row is the heading. Cells are made safe for a terminal: no control characters.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);
// Text from outside, on one terminal line.
[[nodiscard]] std::string safe(std::string_view text);

}  // namespace chorale::agent
