// A stranger's words in one line that people read: log, cause, reason. Pure.
#pragma once

#include <string>
#include <string_view>

namespace chorale::agent {

// Control characters, backslashes and bytes outside ASCII as \xNN, so that no label can forge a line; cut after
// `longest` bytes.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t longest = 200);

}  // namespace chorale::agent
