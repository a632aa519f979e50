// From a Go template of Nixy's to a Mustache template of Chorale's. Pure: text in, text and findings out.
//
// What cannot be said is left out, marked in place by a comment that Nginx accepts, and found. Sections of Mustache ask
// less than Go's actions: README.md has the table of what becomes of what.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/migrate/evaluator.h"
#include "agent/migrate/finding.h"
#include "agent/migrate/go_scanner.h"

namespace chorale::agent {

struct TranslatedTemplate {
  std::string text;
  GoDelimiters delimiters;        // of `text`: those of the Go template, unless Chorale cannot use them
  std::vector<Finding> findings;  // by line
  TemplateNeeds needs;
};

// `name`: what the Go template is called, for the comment at the top. The error: Go itself would not read it.
[[nodiscard]] tl::expected<TranslatedTemplate, SyntaxError> translate_template(std::string_view text,
                                                                               const std::string& name,
                                                                               const NixyFacts& facts);

}  // namespace chorale::agent
