// What a config's text says without asking Nginx: who wrote it, and where Nginx keeps its pid and its errors. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/applying/config_content.h"
#include "agent/nginx/config_words.h"
#include "coordination/types.h"

namespace chorale::agent {

// "# chorale <epoch>.<revision> <digest>\n". It is part of the file itself, so that one rename changes content
// and identity together. Nginx's line numbers are therefore one higher than those of the published text.
[[nodiscard]] std::string identity_line(const coordination::Identity& identity);
// The identity in the first line; nullopt if that line is not exactly one (the file is foreign then).
[[nodiscard]] std::optional<coordination::Identity> parse_identity_line(std::string_view text);
[[nodiscard]] FileContent content_of(std::string_view text);

// The directives of the main context that tell where to look for Nginx. Includes are not followed.
struct MainDirectives {
  std::optional<std::string> pid;
  std::vector<std::string> error_logs;  // the first argument of each error_log
  bool operator==(const MainDirectives&) const = default;
};
class MainDirectivesReader {
 public:
  void read(const ConfigDirective& directive);
  [[nodiscard]] const MainDirectives& found() const { return found_; }

 private:
  MainDirectives found_;
};
[[nodiscard]] MainDirectives main_directives(std::string_view text);

// The line of `file` that Nginx's error names at its end; 0: it names none, or another file's. An agent's own file
// names are known by their last part: `file` may be a suffix.
[[nodiscard]] int error_line(std::string_view error, std::string_view file);
// Nginx's error without "nginx: [emerg] " and without " in FILE:LINE": for a place that names another file's line.
[[nodiscard]] std::string without_place(std::string_view error);
// Nginx's [warn] lines, each once, in its words but without time, process and line number: they are compared later.
[[nodiscard]] std::vector<std::string> nginx_warnings(std::string_view output);

// The first [emerg] line of Nginx's output, else its first line: one line, escaped, at most 1 KB. The end is kept,
// where file and line number stand.
[[nodiscard]] std::string nginx_error(std::string_view output);

}  // namespace chorale::agent
