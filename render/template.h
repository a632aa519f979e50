// A compiled, strict Mustache template. Pure, immutable, thread-safe; the one user of mustache.hpp hides behind it.
//
// Strict: an unknown variable, an unclosed section, a partial, an empty result is an error with file and line.
// Bare: id name path host hosts address port and numbers, which are allow-listed. realm, task_id, version, protocol,
// health_path and a port's name: quoted unless they match [A-Za-z0-9._:/-]+. labels.* and env.* are open maps: a
// missing key is a false section and an empty value; a present one is rendered as one quoted Nginx string. What may be
// quoted must stand as a whole parameter (quote_check.h). Raw output only by an explicit triple tag, which raw_tags()
// lists. The names and where they are known: README.md.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "render/error.h"
#include "render/routing_state.h"

namespace chorale::render {

struct Delimiters {
  std::string left = "{{";
  std::string right = "}}";
};

struct TemplateOptions {
  Delimiters delimiters;
  std::string merge_label{};  // apps are shown as merged_apps.h says; empty: each by itself
};

// Where one app's text begins (byte offset, at a line start). An app may have several sections; a section whose app is
// "" ends the one before it (text that belongs to no app).
struct TextSection {
  std::size_t offset = 0;
  std::string app;
  bool operator==(const TextSection&) const = default;
};

struct Rendered {
  std::string text;
  std::vector<TextSection> sections;
};

class Template {
 public:
  // `file` is only for error messages.
  [[nodiscard]] static tl::expected<Template, Error> compile(std::string text, std::string file,
                                                             const TemplateOptions& options = {});

  [[nodiscard]] tl::expected<Rendered, Error> render(const RoutingState& state) const;

  // Which line of the template wrote this 1-based line of what render() makes of `state`: for an error of Nginx, which
  // names the latter. It renders once more. 0: no line of it did.
  [[nodiscard]] int line_of(const RoutingState& state, int rendered_line) const;

  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] const std::string& file() const;
  // Triple tags as "line N: {{{labels.x}}}".
  [[nodiscard]] std::vector<std::string> raw_tags() const;

 private:
  struct Compiled;
  explicit Template(std::shared_ptr<const Compiled> compiled);
  std::shared_ptr<const Compiled> compiled_;
};

// The app whose section holds this 1-based line of the rendered text, or "" if none does. Lines that an agent puts in
// front of the text (its identity line) are not counted: subtract them first.
[[nodiscard]] std::string app_at_line(const Rendered& rendered, int line);

}  // namespace chorale::render
