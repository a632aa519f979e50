// The package's scripts, run by sh as rpm runs them, beside a systemctl that knows what EL 7.0's does and the real
// program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "tests/harness/temp_dir.h"
#include "tests/unit/packaging/program.h"

namespace chorale::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// What rpm hands over: how many of the package are left.
constexpr const char* kErase = "0";
constexpr const char* kInstall = "1";
constexpr const char* kUpgrade = "2";

class PackageScriptTest : public ::testing::Test {
 protected:
  PackageScriptTest() {
    fs::create_directories(booted_);
    fs::create_directories(directory_.path() / "bin");
    // systemd 208: no --now.
    program("systemctl",
            "echo \"$*\" >> " + calls_.string() +
                "\ncase \" $* \" in *' --now '*) echo \"systemctl: unrecognized option '--now'\" >&2; exit 1 ;;\n"
                "*' is-active '*) [ -e " +
                active_.string() + " ] ;;\nesac\n");
    program("chorale", std::string("exec ") + CHORALE_BINARY + " \"$@\" -f " + config_.string() + "\n");
    configure("marathon = [\"http://127.0.0.1:1\"]\n");
  }

  void program(const std::string& name, const std::string& script) {
    const fs::path file = directory_.path() / "bin" / name;
    std::ofstream(file) << "#!/bin/sh\n" << script;
    fs::permissions(file, fs::perms::owner_all);
  }
  // With places of this test's own.
  void configure(const std::string& keys) {
    std::ofstream(config_) << keys << "listen = \"127.0.0.1:0\"\nstate_dir = \""
                           << (directory_.path() / "state").string()
                           << "\"\nnginx_template = \"" CHORALE_PACKAGING_DIR "/templates/path.mustache\"\n";
  }
  void run_service() { std::ofstream(active_) << "active\n"; }

  // The script of that name in the spec, up to the next section.
  static std::string script(const std::string& name) {
    std::string text;
    bool inside = false;
    for (const std::string& line : lines_of(packaged("rpm/chorale.spec"))) {
      if (inside && line.starts_with("%")) break;
      if (inside) text += line + "\n";
      inside = inside || line == "%" + name;
    }
    EXPECT_FALSE(text.empty()) << name;
    return text;
  }
  Ran run_script(const std::string& name, const std::string& left) {
    fs::remove(calls_);
    const std::string text = std::regex_replace(script(name), std::regex("/run/systemd/system"), booted_.string());
    return run(
        {"env", "PATH=" + (directory_.path() / "bin").string() + ":/usr/bin:/bin", "sh", "-c", text, "sh", left});
  }
  // What systemctl was asked for.
  [[nodiscard]] std::vector<std::string> calls() const {
    std::ifstream stream(calls_);
    return lines_of({std::istreambuf_iterator<char>(stream), {}});
  }

  TempDir directory_{"scripts"};
  const fs::path booted_ = directory_.path() / "systemd";
  const fs::path calls_ = directory_.path() / "calls";
  const fs::path active_ = directory_.path() / "active";
  const fs::path config_ = directory_.path() / "chorale.toml";
};

TEST_F(PackageScriptTest, InstallingStartsNothing) {
  EXPECT_EQ(run_script("post", kInstall).exit_code, 0);
  EXPECT_THAT(calls(), ElementsAre("daemon-reload", "--no-reload preset chorale.service"));
  EXPECT_EQ(run_script("post", kUpgrade).exit_code, 0);
  EXPECT_THAT(calls(), ElementsAre("daemon-reload"));
  const Ran done = run_script("posttrans", kInstall);
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_THAT(calls(), ElementsAre("--quiet is-active chorale.service"));
}

TEST_F(PackageScriptTest, UpgradeRestartsARunningService) {
  run_service();
  const Ran done = run_script("posttrans", kUpgrade);
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.output, "");
  EXPECT_THAT(calls(), Contains("try-restart chorale.service"));
}

// What a start refuses, and nothing else, is not restarted into: one code for both.
TEST_F(PackageScriptTest, UpgradeDoesNotRestartIntoWhatAStartRefuses) {
  run_service();
  for (const char* keys : {"", "marathon = [\n", "marathon = [\"http://127.0.0.1:1\"]\nzookeper = \"zk://a:1/c\"\n",
                           "marathon = [\"http://127.0.0.1:1\"]\nadmin_token_file = \"/nonexistent/token\"\n"}) {
    configure(keys);
    const Ran started = run({CHORALE_BINARY, "agent", "-f", config_.string()});
    ASSERT_EQ(started.exit_code, 2) << keys << started.output;
    const Ran done = run_script("posttrans", kUpgrade);
    EXPECT_EQ(done.exit_code, 0) << "it must not fail the transaction";
    EXPECT_THAT(calls(), Not(Contains(HasSubstr("restart")))) << keys;
    EXPECT_THAT(done.output, AllOf(HasSubstr("the old one keeps running"), HasSubstr(config_.string()))) << keys;
  }
  configure("");
  EXPECT_THAT(run_script("posttrans", kUpgrade).output, HasSubstr("marathon"));
}

TEST_F(PackageScriptTest, ErasingDisablesAndStopsWithWhatSystemd208Knows) {
  EXPECT_EQ(run_script("preun", kErase).exit_code, 0);
  EXPECT_THAT(calls(), ElementsAre("--no-reload disable chorale.service", "stop chorale.service"));
  EXPECT_EQ(run_script("preun", kInstall).exit_code, 0) << "the end of an upgrade: one is left";
  EXPECT_THAT(calls(), IsEmpty());
  EXPECT_EQ(run_script("postun", kErase).exit_code, 0);
  EXPECT_THAT(calls(), ElementsAre("daemon-reload"));
}

TEST_F(PackageScriptTest, SystemctlThatFailsFailsNoTransaction) {
  program("systemctl", "exit 1\n");
  for (const char* name : {"post", "posttrans", "preun", "postun"}) {
    for (const char* left : {kErase, kInstall, kUpgrade})
      EXPECT_EQ(run_script(name, left).exit_code, 0) << name << left;
  }
}

// In an image that is being built, or where another init runs.
TEST_F(PackageScriptTest, WithoutSystemdNothingIsAskedOfIt) {
  fs::remove(booted_);
  run_service();
  for (const char* name : {"post", "posttrans", "preun", "postun"}) {
    EXPECT_EQ(run_script(name, kErase).exit_code, 0) << name;
    EXPECT_THAT(calls(), IsEmpty()) << name;
  }
}

}  // namespace
}  // namespace chorale::testing
