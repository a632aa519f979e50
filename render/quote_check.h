// Checks that every value that may be quoted appears where Nginx reads a quoted parameter. Pure.
//
// Quoting makes a label harmless only where a parameter may begin. Inside a word (`foo-{{labels.x}}`) Nginx takes the
// quotes for text, and a ';' in the label would end the directive; inside quotes of the template (`"a {{labels.x}}"`)
// the label's own quotes would close them. Either lets the owner of an app write directives, so it is refused when the
// template is compiled, before any label is known. What is glued to its end (`{{labels.x}}-foo`) harms nobody, but is
// an error of Nginx as soon as the label needs quotes, so that is refused too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "render/error.h"
#include "render/template_grammar.h"

namespace chorale::render {

// Reads the text as Nginx would, through all sections once, and through lists that do not end as they begin once more.
// That stands for every way through them because what is quoted at a section's end must be what was quoted at its
// beginning, which is checked too.
[[nodiscard]] std::optional<Error> find_unsafe_tag(const std::vector<CompiledToken>& tokens, const std::string& file);

}  // namespace chorale::render
