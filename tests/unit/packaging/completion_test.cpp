// The completion, asked as bash asks it: the words of the line in COMP_WORDS, the answer in COMPREPLY.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/harness/temp_dir.h"
#include "tests/unit/packaging/program.h"

namespace chorale::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;

// Arguments: the file, a directory to stand in, the words of the line. The function is the one that `complete` names.
constexpr const char* kAsk = R"(
source "$1" || exit 99
cd "$2" || exit 98
shift 2
registered=$(complete -p chorale) || exit 97
[[ $registered =~ -F\ ([^\ ]+) ]] || exit 96
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
"${BASH_REMATCH[1]}" chorale "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
)";

class CompletionTest : public ::testing::Test {
 protected:
  // The last word is the one under the cursor; "" after a blank.
  std::vector<std::string> complete(const std::vector<std::string>& words) {
    std::vector<std::string> command{"bash",
                                     "--noprofile",
                                     "--norc",
                                     "-u",
                                     "-c",
                                     kAsk,
                                     "ask",
                                     CHORALE_PACKAGING_DIR "/completion/chorale.bash",
                                     directory_.path()};
    command.emplace_back("chorale");
    command.insert(command.end(), words.begin(), words.end());
    const Ran ran = run(command);
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
    return lines_of(ran.output);
  }

  TempDir directory_{"completion"};
};

TEST_F(CompletionTest, EmptyWordGivesTheVerbs) {
  EXPECT_THAT(complete({""}), UnorderedElementsAreArray(help_of("").verbs));
}

TEST_F(CompletionTest, BeginningOfAVerbGivesTheVerb) {
  EXPECT_THAT(complete({"st"}), ElementsAre("status"));
  EXPECT_THAT(complete({"r"}), UnorderedElementsAre("release", "reload", "render", "repair", "routes"));
  EXPECT_THAT(complete({"x"}), IsEmpty());
}

TEST_F(CompletionTest, DashGivesTheOptionsOfTheProgram) {
  EXPECT_THAT(complete({"-"}), UnorderedElementsAreArray(help_of("").options));
}

TEST_F(CompletionTest, DashAfterAVerbGivesTheOptionsOfTheVerb) {
  for (const std::string& verb : help_of("").verbs) {
    EXPECT_THAT(complete({verb, "-"}), UnorderedElementsAreArray(help_of(verb).options)) << verb;
  }
  EXPECT_THAT(complete({"status", "--w"}), ElementsAre("--watch"));
  EXPECT_THAT(complete({"status", "--json", "--w"}), ElementsAre("--watch"));
}

TEST_F(CompletionTest, TemplateHasVerbsOfItsOwn) {
  std::ofstream(directory_.path() / "new.mustache").flush();
  EXPECT_THAT(complete({"template", ""}), UnorderedElementsAreArray(help_of("template").verbs));
  EXPECT_THAT(complete({"template", "-f", "new.mustache", "r"}), ElementsAre("rollback"));
  EXPECT_THAT(complete({"template", "push", "n"}), ElementsAre("new.mustache"));
  EXPECT_THAT(complete({"template", "push", "--on", "proxy-1", "n"}), ElementsAre("new.mustache"));
  EXPECT_THAT(complete({"template", "push", "--o"}), ElementsAre("--on"));
  EXPECT_THAT(complete({"template", "history", ""}), IsEmpty());
}

TEST_F(CompletionTest, FileOptionsGiveFiles) {
  std::ofstream(directory_.path() / "proxy one.toml").flush();
  std::ofstream(directory_.path() / "proxy-2.toml").flush();
  for (const char* option : {"-f", "--file"}) {
    EXPECT_THAT(complete({option, "prox"}), UnorderedElementsAre("proxy one.toml", "proxy-2.toml")) << option;
    EXPECT_THAT(complete({"agent", option, "proxy-"}), ElementsAre("proxy-2.toml")) << option;
  }
  EXPECT_THAT(complete({"render", "--apps", "proxy-"}), ElementsAre("proxy-2.toml"));
  EXPECT_THAT(complete({"check", "-f", "none"}), IsEmpty());
}

// bash makes three words of --file=NAME.
TEST_F(CompletionTest, FilesAreGivenAfterAnEqualsSign) {
  std::ofstream(directory_.path() / "proxy-2.toml").flush();
  EXPECT_THAT(complete({"--file", "="}), ElementsAre("proxy-2.toml"));
  EXPECT_THAT(complete({"status", "--file", "=", "prox"}), ElementsAre("proxy-2.toml"));
}

// A file may be called like a verb.
TEST_F(CompletionTest, AnOptionsValueIsNoVerb) {
  EXPECT_THAT(complete({"-f", "status", ""}), UnorderedElementsAreArray(help_of("").verbs));
  EXPECT_THAT(complete({"-f", "status", "render", "--a"}), ElementsAre("--apps"));
  EXPECT_THAT(complete({"--file", "=", "status", "r"}),
              UnorderedElementsAre("release", "reload", "render", "repair", "routes"));
}

TEST_F(CompletionTest, MigrateTakesFilesAndADirectory) {
  std::ofstream(directory_.path() / "nixy.toml").flush();
  std::filesystem::create_directory(directory_.path() / "new");
  EXPECT_THAT(complete({"migrate", "ni"}), ElementsAre("nixy.toml"));
  EXPECT_THAT(complete({"migrate", "-o", "n"}), ElementsAre("new"));
  EXPECT_THAT(complete({"migrate", "-o", "new", "ni"}), ElementsAre("nixy.toml"));
}

TEST_F(CompletionTest, NothingIsGuessedAfterAVerb) {
  for (const std::string& verb : help_of("").verbs) {
    if (help_of(verb).verbs.empty()) {
      EXPECT_THAT(complete({verb, ""}), IsEmpty()) << verb;
    }
  }
}

}  // namespace
}  // namespace chorale::testing
