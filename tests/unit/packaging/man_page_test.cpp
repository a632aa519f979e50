// chorale(1) says what the program's own --help says, and both pages are clean roff.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "agent/cli/cli.h"
#include "tests/unit/packaging/program.h"

namespace chorale::testing {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsSubsetOf;

// The page's lines with a plain '-' for every "\-".
std::vector<std::string> page() {
  std::string text = packaged("man/chorale.1");
  for (auto at = text.find("\\-"); at != std::string::npos; at = text.find("\\-", at)) text.erase(at, 1);
  return lines_of(text);
}

// The options of the tags (the lines after .TP) by the verb's .SS; "" for those above.
std::map<std::string, std::set<std::string>> described_options() {
  std::map<std::string, std::set<std::string>> options;
  std::string verb;
  bool tag = false;
  for (std::string line : page()) {
    if (line.starts_with(".SH ")) verb.clear();
    if (line.starts_with(".SS ")) verb = line.substr(4);
    std::erase(line, '"');
    if (tag) options[verb].merge(options_in(line));
    tag = line == ".TP";
  }
  return options;
}

std::set<std::string> without(std::set<std::string> all, const std::set<std::string>& some) {
  for (const std::string& one : some) all.erase(one);
  return all;
}

TEST(ManPageTest, DescribesEveryVerbInTheOrderOfHelp) {
  std::vector<std::string> described;
  for (const std::string& line : page()) {
    if (line.starts_with(".SS ")) described.push_back(line.substr(4));
  }
  ASSERT_FALSE(help_of("").verbs.empty());
  EXPECT_THAT(described, ElementsAreArray(help_of("").verbs));
}

TEST(ManPageTest, DescribesEveryOptionAndNoOther) {
  auto described = described_options();
  EXPECT_EQ(described[""], help_of("").options);
  for (const std::string& verb : help_of("").verbs) {
    EXPECT_EQ(described[verb], without(help_of(verb).options, help_of("").options)) << verb;
  }
}

// One .SY ... .YS for each verb: its name in .B, its options in .OP.
TEST(ManPageTest, SynopsisShowsEveryVerbWithItsOptions) {
  std::map<std::string, std::set<std::string>> shown;
  std::set<std::string> options;
  std::string verb;
  for (const std::string& line : page()) {
    if (line.starts_with(".SY ")) {
      options.clear();
      verb.clear();
    } else if (line.starts_with(".OP ")) {
      options.merge(options_in(line));
    } else if (line.starts_with(".B ") && verb.empty()) {
      verb = line.substr(3);
    } else if (line == ".YS") {
      shown[verb] = options;
    }
  }
  const Help whole = help_of("");
  EXPECT_EQ(shown.size(), whole.verbs.size());
  for (const std::string& name : whole.verbs) {
    EXPECT_THAT(shown[name], IsSubsetOf(help_of(name).options)) << name;
    EXPECT_THAT(without(help_of(name).options, whole.options), IsSubsetOf(shown[name])) << name;
  }
}

TEST(ManPageTest, DescribesEveryExitCode) {
  const std::string text = packaged("man/chorale.1");
  const auto begin = text.find(".SH \"EXIT STATUS\"\n");
  const std::string section = text.substr(begin, text.find("\n.SH ", begin) - begin);
  std::vector<std::string> described;
  for (const std::string& line : lines_of(section)) {
    if (line.starts_with(".B ") && line.size() == 4) described.push_back(line.substr(3));
  }
  EXPECT_THAT(described,
              ElementsAreArray({std::to_string(agent::kExitFine), std::to_string(agent::kExitNo),
                                std::to_string(agent::kExitUsage), std::to_string(agent::kExitUnreachable)}));
}

TEST(ManPageTest, IsCleanRoff) {
  if (run({"groff", "--version"}).exit_code != 0) GTEST_SKIP() << "groff is not installed";
  for (const std::string page : {"chorale.1", "chorale.toml.5"}) {
    const Ran ran = run({"groff", "-man", "-ww", "-z", CHORALE_PACKAGING_DIR "/man/" + page});
    EXPECT_EQ(ran.exit_code, 0) << page;
    EXPECT_EQ(ran.output, "") << page;
  }
}

}  // namespace
}  // namespace chorale::testing
