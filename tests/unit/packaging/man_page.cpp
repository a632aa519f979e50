#include "tests/unit/packaging/man_page.h"

#include <array>
#include <string_view>
#include <utility>

#include "tests/unit/packaging/program.h"

namespace chorale::testing {
namespace {

bool is_macro(const std::string& line, std::string_view name) {
  return line.starts_with(name) && (line.size() == name.size() || line[name.size()] == ' ');
}

std::vector<std::string> arguments(const std::string& text) {
  std::vector<std::string> found;
  bool quoted = false;
  bool open = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
      if (!open) found.emplace_back();
      open = true;
    } else if (c == ' ' && !quoted) {
      open = false;
    } else {
      if (!open) found.emplace_back();
      open = true;
      found.back() += c;
    }
  }
  return found;
}

std::string without_escapes(const std::string& text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kEscapes{{{"\\-", "-"},
                                                                                   {"\\(dq", "\""},
                                                                                   {"\\(aq", "'"},
                                                                                   {"\\(lq", "\""},
                                                                                   {"\\(rq", "\""},
                                                                                   {"\\~", " "},
                                                                                   {"\\fB", ""},
                                                                                   {"\\fI", ""}}};
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    std::string_view rest = std::string_view(text).substr(i);
    std::size_t taken = 0;
    for (const auto& [escape, meaning] : kEscapes) {
      if (!rest.starts_with(escape)) continue;
      result += meaning;
      taken = escape.size();
    }
    if (rest.starts_with("\\fR")) taken = 3;
    if (taken == 0) result += text[i];
    i += taken == 0 ? 1 : taken;
  }
  return result;
}

}  // namespace

std::string plain(const std::string& line) {
  if (!line.starts_with('.')) return without_escapes(line);
  const auto blank = line.find(' ');
  const std::string macro = line.substr(0, blank);
  if (blank == std::string::npos) return {};
  const bool alternates = macro.size() == 3 && macro.find_first_not_of(".BIR") == std::string::npos;
  std::string text;
  for (const std::string& argument : arguments(line.substr(blank + 1))) {
    text += (text.empty() || alternates ? "" : " ") + argument;
  }
  return without_escapes(text);
}

ManPage parse_man_page(const std::string& source) {
  ManPage page;
  std::string section;
  std::string subsection;
  bool tag_follows = false;
  bool in_entry = false;
  for (const std::string& line : lines_of(source)) {
    if (is_macro(line, ".SH")) {
      section = plain(line);
      subsection.clear();
      in_entry = false;
      page.sections.push_back(section);
    } else if (is_macro(line, ".SS")) {
      subsection = plain(line);
      in_entry = false;
      page.subsections.emplace_back(section, subsection);
    } else if (is_macro(line, ".TP")) {
      tag_follows = true;
    } else if (tag_follows) {
      page.entries.push_back({section, subsection, plain(line), ""});
      tag_follows = false;
      in_entry = true;
    } else if (is_macro(line, ".PP")) {
      in_entry = false;
    } else if (in_entry) {
      std::string& body = page.entries.back().body;
      const std::string text = plain(line);
      if (!text.empty()) body += (body.empty() ? "" : " ") + text;
    }
  }
  return page;
}

}  // namespace chorale::testing
