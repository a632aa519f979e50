// Go's text/template, as Nixy read it: its grammar and the functions that Nixy had. Pure.
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "agent/migrate/go_nodes.h"
#include "agent/migrate/go_scanner.h"

namespace chorale::agent {

// Refuses what Go refuses when it reads a template: unclosed and stray actions, unknown functions, undeclared
// variables, templates that are called and defined nowhere.
[[nodiscard]] tl::expected<GoTemplate, SyntaxError> parse_go_template(std::string_view text,
                                                                      const GoDelimiters& delimiters);

}  // namespace chorale::agent
