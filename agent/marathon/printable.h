// A stranger's bytes as they may stand in an error text: one line, no control characters, bounded. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chorale::agent {

// Control characters, backslashes and bytes outside ASCII become \xNN; what exceeds `limit` input bytes becomes "...".
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 200);

// The "message" of the JSON that Marathon's API sends with an error status, or empty: filters in front of the API and
// Jetty itself answer HTML, which says nothing worth logging.
[[nodiscard]] std::string error_message_of(std::string_view body);

}  // namespace chorale::agent
