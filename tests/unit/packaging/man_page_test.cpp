// chorale(1) says what the program's own --help says, and both pages are clean roff.
#include "tests/unit/packaging/man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "agent/cli/cli.h"
#include "tests/unit/packaging/program.h"

namespace chorale::testing {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsSubsetOf;
using ::testing::UnorderedElementsAre;

// The options that have an entry of their own in a section, by subsection.
std::map<std::string, std::set<std::string>> described_options(const std::string& section) {
  std::map<std::string, std::set<std::string>> options;
  for (const ManEntry& entry : parse_man_page(packaged("man/chorale.1")).entries) {
    if (entry.section == section) options[entry.subsection].merge(options_in(entry.tag));
  }
  return options;
}

std::set<std::string> without(const std::set<std::string>& all, const std::set<std::string>& some) {
  std::set<std::string> rest;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::inserter(rest, rest.end()));
  return rest;
}

TEST(ManPageTest, DescribesEveryVerbInTheOrderOfHelp) {
  std::vector<std::string> described;
  for (const auto& [section, subsection] : parse_man_page(packaged("man/chorale.1")).subsections) {
    if (section == "COMMANDS") described.push_back(subsection);
  }
  ASSERT_FALSE(help_of("").verbs.empty());
  EXPECT_THAT(described, ElementsAreArray(help_of("").verbs));
}

TEST(ManPageTest, DescribesEveryOptionAndNoOther) {
  const std::set<std::string> common = described_options("OPTIONS")[""];
  EXPECT_EQ(common, help_of("").options);
  auto own = described_options("COMMANDS");
  for (const std::string& verb : help_of("").verbs)
    EXPECT_EQ(own[verb], without(help_of(verb).options, common)) << verb;
}

// One .SY ... .YS for each verb: its name in .B, its options in .OP.
TEST(ManPageTest, SynopsisShowsEveryVerbWithItsOptions) {
  std::map<std::string, std::set<std::string>> shown;
  std::set<std::string> options;
  std::string verb;
  for (const std::string& line : lines_of(packaged("man/chorale.1"))) {
    if (line.starts_with(".SY ")) {
      options.clear();
      verb.clear();
    } else if (line.starts_with(".OP ")) {
      options.merge(options_in(plain(line)));
    } else if (line.starts_with(".B ") && verb.empty()) {
      verb = plain(line);
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
  std::vector<std::string> described;
  for (const ManEntry& entry : parse_man_page(packaged("man/chorale.1")).entries) {
    if (entry.section == "EXIT STATUS") described.push_back(entry.tag);
  }
  EXPECT_THAT(described,
              UnorderedElementsAre(std::to_string(agent::kExitFine), std::to_string(agent::kExitNo),
                                   std::to_string(agent::kExitUsage), std::to_string(agent::kExitUnreachable)));
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
