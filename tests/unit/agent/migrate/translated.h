// A Go template translated, for the tests of agent/migrate.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/migrate/template_translator.h"
#include "render/routing_state.h"
#include "render/template.h"

namespace chorale::agent {

inline TranslatedTemplate translated_whole(const std::string& source, const NixyFacts& facts = {}) {
  auto made = translate_template(source, "nginx.tmpl", facts);
  EXPECT_TRUE(made) << made.error().line << ": " << made.error().message;
  return made ? *std::move(made) : TranslatedTemplate{};
}

// Without the comment at its top.
inline std::string body_of(const TranslatedTemplate& made) {
  const std::string end = "    " + made.delimiters.right + "\n";
  const auto at = made.text.find(end);
  return at == std::string::npos ? "no heading: " + made.text : made.text.substr(at + end.size());
}

inline std::vector<std::string> texts_of(const TranslatedTemplate& made, Finding::Kind kind) {
  std::vector<std::string> texts;
  for (const Finding& one : made.findings) {
    if (one.kind == kind) texts.push_back(std::to_string(one.line) + ": " + one.message);
  }
  return texts;
}
inline std::vector<std::string> marks_of(const TranslatedTemplate& made) {
  return texts_of(made, Finding::Kind::kMark);
}
inline std::vector<std::string> notes_of(const TranslatedTemplate& made) {
  return texts_of(made, Finding::Kind::kNote);
}

// The new text, of a template that needs no hand.
inline std::string translated(const std::string& source, const NixyFacts& facts = {}) {
  const TranslatedTemplate made = translated_whole(source, facts);
  for (const std::string& mark : marks_of(made)) ADD_FAILURE() << source << ": " << mark;
  return body_of(made);
}

// Within {{range .Apps}}, which is taken off again.
inline std::string in_app(const std::string& source) {
  std::string text = translated("{{range $id, $app := .Apps}}" + source + "{{end}}");
  if (source.ends_with('\n') && text.ends_with('\n')) text.pop_back();  // the end then has a line of its own
  const std::string begin = "{{#apps}}";
  const std::string end = "{{/apps}}";
  EXPECT_TRUE(text.starts_with(begin) && text.ends_with(end)) << text;
  return text.substr(begin.size(), text.size() - begin.size() - end.size());
}

// What the new template makes of this state; "" and a failure where it cannot.
inline std::string rendered(const TranslatedTemplate& made, const render::RoutingState& state) {
  const auto compiled = render::Template::compile(made.text, "new", {made.delimiters.left, made.delimiters.right});
  EXPECT_TRUE(compiled) << compiled.error().text();
  if (!compiled) return "";
  const auto text = compiled->render(state);
  EXPECT_TRUE(text) << text.error().text();
  return text ? text->text : "";
}

}  // namespace chorale::agent
