#include "tests/unit/packaging/program.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>

#include "tests/harness/child_process.h"
#include "tests/harness/temp_dir.h"

namespace chorale::testing {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::size_t kIndent = 2;  // of an entry in a block of CLI11's help; continued lines stand deeper

std::string read(const std::string& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << file;
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Blocks begin with a line like "Options:" or, from CLI11 2.5 on, "OPTIONS:".
Help parse_help(const std::string& text) {
  Help help;
  std::string block;
  for (const std::string& line : lines_of(text)) {
    if (line.empty()) continue;
    const auto indent = line.find_first_not_of(' ');
    if (indent == 0) {
      block = line;
    } else if (indent == kIndent) {
      const std::string entry = line.substr(kIndent);
      const std::string names = entry.substr(0, entry.find("  "));
      if (line[kIndent] == '-') {
        help.options.merge(options_in(names));
      } else if (block.starts_with("Subcommands") || block.starts_with("SUBCOMMANDS")) {
        help.verbs.push_back(names.substr(0, names.find(' ')));
      }
    }
  }
  return help;
}

}  // namespace

std::set<std::string> options_in(const std::string& text) {
  static const std::regex kOption("(?:^|[ ,|])(--?[A-Za-z][A-Za-z-]*)");
  std::set<std::string> options;
  for (std::sregex_iterator it(text.begin(), text.end(), kOption), end; it != end; ++it) options.insert((*it)[1].str());
  return options;
}

Help help_of(const std::string& verb) {
  static std::map<std::string, Help> known;  // one process a verb is enough
  const auto found = known.find(verb);
  if (found != known.end()) return found->second;
  std::vector<std::string> command{CHORALE_BINARY};
  if (!verb.empty()) command.push_back(verb);
  command.emplace_back("--help");
  const Ran ran = run(command);
  EXPECT_EQ(ran.exit_code, 0) << ran.output;
  Help help = parse_help(ran.output);
  EXPECT_TRUE(help.options.contains("--help")) << ran.output;
  return known.emplace(verb, std::move(help)).first->second;
}

Ran run(const std::vector<std::string>& command) {
  const TempDir directory("packaging");
  const std::string output = directory.path() / "output";
  ChildProcess child(command, output);
  if (!child.wait(kPatience)) return {-1, read(output)};
  return {child.exit_code().value_or(-1), read(output)};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string packaged(std::string_view name) { return read(std::string(CHORALE_PACKAGING_DIR "/") + std::string(name)); }

}  // namespace chorale::testing
