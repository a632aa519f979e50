// Where in a template Nginx's refusal of a test file comes from. Pure.
#pragma once

#include <string>

#include "render/template.h"

namespace chorale::agent {

// `refusal`: Nginx's words about `draft`, the file that `compiled` made of `state`, local values filled in; the file is
// gone by the time that somebody reads them. "FILE:LINE: Nginx refuses it (with the values of app /x): unknown
// directive "x""; if no line of the template is known, the words without the file's name.
[[nodiscard]] std::string refusal_in_template(const std::string& refusal, const std::string& draft,
                                              const render::Template& compiled, const render::RoutingState& state);

}  // namespace chorale::agent
