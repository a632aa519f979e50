// Text from outside made fit for one line that people read: no label can forge a log line. Pure.
#pragma once

#include <string>
#include <string_view>

namespace chorale::agent {

[[nodiscard]] constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Up to the first line end, without it; a part of `text`.
[[nodiscard]] inline std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

// Control characters as \n, \t, \xNN. The rest stays readable in its own language.
[[nodiscard]] std::string escape_for_log(std::string_view text);
// Control characters and bytes outside ASCII as \xNN: for text that may be in any encoding.
[[nodiscard]] std::string escaped(std::string_view text);
// As escaped(), with backslashes as \x5c, so that nothing looks like an escape that is not one; cut after `longest`
// bytes.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t longest = 200);

}  // namespace chorale::agent
