// The built program, and other programs, as a test sees them: a command in, what it says out.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace chorale::testing {

// What `chorale [VERB] --help` lists.
struct Help {
  std::vector<std::string> verbs;
  std::set<std::string> options;  // "-f", "--file"
};

// Every "-x" and "--word" that stands at the beginning of a text or after a blank, comma or bar.
[[nodiscard]] std::set<std::string> options_in(const std::string& text);

// The built binary's own words; verb "": those of the whole program. A failure of the program fails the test.
[[nodiscard]] Help help_of(const std::string& verb);

struct Ran {
  int exit_code = -1;  // -1: it did not end in time
  std::string output;  // stdout and stderr
};
[[nodiscard]] Ran run(const std::vector<std::string>& command);

// The lines of a text, without their ends.
[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);
// A file below packaging/; a missing one fails the test.
[[nodiscard]] std::string packaged(std::string_view name);

}  // namespace chorale::testing
