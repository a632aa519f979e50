#include "agent/migrate/template_translator.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/base/one_line.h"
#include "agent/migrate/go_parser.h"
#include "agent/migrate/node_translator.h"
#include "render/template.h"

namespace chorale::agent {
namespace {

// As the key left_delimiter wants them.
bool can_delimit(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t\r\n=") == std::string_view::npos;
}

// Nixy's own, where Chorale takes them, else such as the text does not hold.
GoDelimiters choose_delimiters(std::string_view text, const GoDelimiters& nixy) {
  if (can_delimit(nixy.left) && can_delimit(nixy.right)) return nixy;
  for (const auto& [left, right] : {std::pair("{{", "}}"), std::pair("<%", "%>"), std::pair("[[", "]]")}) {
    if (text.find(left) == std::string_view::npos) return {left, right};
  }
  return {"<<%", "%>>"};
}

// What the reader of the new template has to know; Mustache leaves no line of it.
std::string heading(const std::string& name, const TranslatedTemplate& made) {
  std::string file = one_line(name);
  for (std::size_t at = file.find(made.delimiters.right); at != std::string::npos;
       at = file.find(made.delimiters.right)) {
    file.erase(at, made.delimiters.right.size());
  }
  std::string text = made.delimiters.left + "! Made by chorale migrate from " + file +
                     ". The manual is /usr/share/doc/chorale/templates.md.\n";
  if (made.text.find(" | lower" + made.delimiters.right) != std::string::npos) {
    text +=
        "    \"lower\" in a section asks whether the text is not empty; without it, whether there is such a label.\n";
  }
  if (made.text.find("@{proof}") == std::string::npos) {
    text +=
        "    The line \"@ {proof}\" without its blank, in a server that listens by plain HTTP, lets the agent prove "
        "that\n"
        "    Nginx serves a new file.\n";
  }
  return text + "    " + made.delimiters.right + "\n";
}

}  // namespace

tl::expected<TranslatedTemplate, SyntaxError> translate_template(std::string_view text, const std::string& name,
                                                                 const NixyFacts& facts) {
  const auto source = parse_go_template(text, facts.delimiters);
  if (!source) return tl::unexpected(source.error());
  TranslatedTemplate made;
  made.delimiters = choose_delimiters(text, facts.delimiters);
  NodeTranslator translator(*source, facts, made.delimiters);
  translator.translate();
  made.findings = std::move(translator.findings());
  made.text = written(std::move(translator.pieces()), made.delimiters, made.findings);
  made.text = heading(name, made) + made.text;
  made.needs = translator.needs();

  // What no rule above has seen: the agent would say the same.
  const auto compiled = render::Template::compile(made.text, "", {{made.delimiters.left, made.delimiters.right}, {}});
  if (!compiled) {
    made.findings.push_back({Finding::Kind::kMark, 0,
                             "line " + std::to_string(compiled.error().line) +
                                 " of the new template is refused: " + compiled.error().message});
  }
  std::stable_sort(made.findings.begin(), made.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.line < b.line; });
  return made;
}

}  // namespace chorale::agent
