// Any text as one double-quoted Nginx parameter. Pure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "render/error.h"

namespace chorale::render {

// Refuses what refuse_quoted refuses: '$' cannot be escaped in Nginx, control characters would forge lines.
[[nodiscard]] tl::expected<std::string, Error> nginx_quote(std::string_view value);
// The size of what nginx_quote returns.
[[nodiscard]] std::size_t quoted_bytes(std::string_view value);

}  // namespace chorale::render
