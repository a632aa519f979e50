// Any text as one double-quoted Nginx parameter. Pure.
#pragma once

#include <string>
#include <string_view>

namespace chorale::render {

// REQUIRES: refuse_quoted(value).empty(); '$' cannot be escaped in Nginx, control characters would forge lines.
[[nodiscard]] std::string nginx_quote(std::string_view value);

}  // namespace chorale::render
