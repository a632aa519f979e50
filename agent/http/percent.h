// Percent-encoding, as URLs have it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chorale::agent {

// "%2F" -> "/"; nullopt where two hex digits do not follow a '%'. Control characters come through: the caller decides.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

}  // namespace chorale::agent
