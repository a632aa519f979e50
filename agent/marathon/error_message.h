// What Marathon says about an error. Pure.
#pragma once

#include <string>
#include <string_view>

namespace chorale::agent {

// The "message" of the JSON that Marathon's API sends with an error status, as one line, or empty: filters in front of
// the API and Jetty itself answer HTML, which says nothing worth logging.
[[nodiscard]] std::string error_message_of(std::string_view body);

}  // namespace chorale::agent
