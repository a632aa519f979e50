// What the program says to arguments that it does not know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/cli/cli.h"
#include "tests/unit/packaging/program.h"

namespace chorale::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Ran chorale(std::vector<std::string> words) {
  words.insert(words.begin(), CHORALE_BINARY);
  Ran ran = run(words);
  EXPECT_EQ(ran.exit_code, agent::kExitUsage) << ran.output;
  return ran;
}

TEST(UsageTest, AMistypedVerbNamesTheNearest) {
  EXPECT_THAT(chorale({"staus"}).output, HasSubstr("there is no verb \"staus\"; did you mean status?\n"));
  EXPECT_THAT(chorale({"-f", "check", "explian", "/x"}).output, HasSubstr("did you mean explain?"));
  const std::string far = chorale({"xyzzy\x1b"}).output;
  EXPECT_THAT(far, HasSubstr("there is no verb \"xyzzy\\x1b\"\n"));
  EXPECT_THAT(far, Not(HasSubstr("did you mean")));
}

TEST(UsageTest, AMistypedOptionNamesTheNearest) {
  EXPECT_THAT(chorale({"status", "--jsno"}).output, HasSubstr("status has no option --jsno; did you mean --json?\n"));
  EXPECT_THAT(chorale({"check", "--flie=x"}).output, HasSubstr("check has no option --flie; did you mean --file?\n"));
}

TEST(UsageTest, OtherMistakesAreSaidAsBefore) {
  EXPECT_THAT(chorale({"explain"}).output, HasSubstr("app"));
  EXPECT_THAT(chorale({"status", "extra"}).output, HasSubstr("extra"));
}

// It ends with 0 then: scripts ask whether an app is served.
TEST(UsageTest, ExplainSaysThatAQuarantinedAppCountsAsRouted) {
  EXPECT_THAT(run({CHORALE_BINARY, "explain", "--help"}).output, HasSubstr("0 the app is routed, also by an earlier "));
  EXPECT_THAT(packaged("man/chorale.1"), HasSubstr("also where it is quarantined and served by its last good"));
}

TEST(UsageTest, WithoutAVerbItPrintsItsHelp) {
  const std::string help = run({CHORALE_BINARY, "--help"}).output;
  EXPECT_THAT(help, HasSubstr("explain"));
  EXPECT_EQ(chorale({}).output, help);
  EXPECT_EQ(chorale({"-f", "status"}).output, help);
}

}  // namespace
}  // namespace chorale::testing
