// The verb: files, modes, exit codes, what is said on which stream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "agent/cli/cli.h"
#include "tests/harness/temp_dir.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class MigrateVerbTest : public ::testing::Test {
 protected:
  // Its exit code; what it said is in out_ and err_.
  int migrate(const std::string& template_file = "", const std::string& directory = "") {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run_migrate(nixy_, template_file, directory.empty() ? new_.string() : directory);
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  void write(const fs::path& file, const std::string& text, unsigned mode = 0644) {
    std::ofstream(file) << text;
    fs::permissions(file, static_cast<fs::perms>(mode));
  }
  static std::string read(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static unsigned mode(const fs::path& file) { return static_cast<unsigned>(fs::status(file).permissions()); }

  testing::TempDir directory_{"migrate"};
  const fs::path nixy_ = directory_.path() / "nixy.toml";
  const fs::path template_ = directory_.path() / "nginx.tmpl";
  const fs::path new_ = directory_.path() / "new";
  std::string out_;
  std::string err_;
};

constexpr const char* kToml = "marathon = [\"http://a:8080\"]\nport = \"1\"\nnginx_config = \"/n\"\n";

TEST_F(MigrateVerbTest, WritesBothFilesAndSaysWhich) {
  write(nixy_, kToml);
  write(template_, "events {}\nhttp {\n{{range .Apps}}\n# {{index .Hosts 0}}\n{{end}}\n}\n");
  EXPECT_EQ(migrate(template_), 0);
  EXPECT_EQ(out_, (new_ / "nginx.conf.mustache").string() + "\n" + (new_ / "chorale.toml").string() + "\n");
  EXPECT_EQ(err_, "next: chorale check -f " + (new_ / "chorale.toml").string() + "\n");
  EXPECT_THAT(read(new_ / "nginx.conf.mustache"), HasSubstr("{{#apps}}\n# {{host}}\n{{/apps}}\n"));
  EXPECT_THAT(read(new_ / "chorale.toml"),
              HasSubstr("nginx_template = \"" + (new_ / "nginx.conf.mustache").string() + "\"\n"));
}

TEST_F(MigrateVerbTest, TemplateThatNixyTomlNamesIsTaken) {
  write(nixy_, std::string(kToml) + "nginx_template = \"nginx.tmpl\"\n");
  write(template_, "events {}\n");
  EXPECT_EQ(migrate(), 0);
  EXPECT_THAT(read(new_ / "nginx.conf.mustache"), HasSubstr("events {}\n"));
}

TEST_F(MigrateVerbTest, WithoutATemplateThePackagesOwnIsUsed) {
  write(nixy_, std::string(kToml) + "nginx_template = \"/nowhere/nginx.tmpl\"\n");
  EXPECT_EQ(migrate(), 1);
  EXPECT_THAT(err_, HasSubstr(nixy_.string() + ": to do: nginx_template: no template is translated"));
  EXPECT_FALSE(fs::exists(new_ / "nginx.conf.mustache"));
  EXPECT_THAT(read(new_ / "chorale.toml"), HasSubstr("#nginx_template = \"/etc/chorale/nginx.conf.mustache\""));
}

TEST_F(MigrateVerbTest, WhatIsLeftOutIsNamedWithFileLineAndReason) {
  write(nixy_, kToml);
  write(template_, "events {}\n# {{datetime}}\na {{.Pass}};\n");
  EXPECT_EQ(migrate(template_), 1);
  EXPECT_THAT(err_, AllOf(HasSubstr(template_.string() + ":2: note: datetime: left out"),
                          HasSubstr(template_.string() + ":3: to do: .Pass: credentials do not belong"),
                          HasSubstr("\n1 thing needs a hand")));
  EXPECT_THAT(read(new_ / "nginx.conf.mustache"),
              HasSubstr("\n# chorale migrate: line 3 is left out: .Pass: credentials"));
}

TEST_F(MigrateVerbTest, ExistingFilesStayAsTheyAre) {
  write(nixy_, kToml);
  write(template_, "events {}\n");
  fs::create_directory(new_);
  write(new_ / "chorale.toml", "mine");
  EXPECT_EQ(migrate(template_), 2);
  EXPECT_THAT(err_, HasSubstr((new_ / "chorale.toml").string() + ": exists already, and is left as it is"));
  EXPECT_EQ(read(new_ / "chorale.toml"), "mine");
  EXPECT_FALSE(fs::exists(new_ / "nginx.conf.mustache")) << "both or none";

  fs::remove(new_ / "chorale.toml");
  fs::create_symlink("/nonexistent/file", new_ / "nginx.conf.mustache");
  EXPECT_EQ(migrate(template_), 2) << "a link that leads nowhere is a file, too";
  EXPECT_FALSE(fs::exists(new_ / "chorale.toml"));
}

TEST_F(MigrateVerbTest, NoNewFileIsReadableByMoreUsers) {
  write(nixy_, kToml, 0644);
  write(template_, "events {}\n", 0644);
  EXPECT_EQ(migrate(template_), 0);
  EXPECT_EQ(mode(new_ / "chorale.toml"), 0640U);
  EXPECT_EQ(mode(new_ / "nginx.conf.mustache"), 0644U);
  fs::remove_all(new_);

  write(nixy_, kToml, 0600);
  write(template_, "events {}\n", 0640);
  EXPECT_EQ(migrate(template_), 0);
  EXPECT_EQ(mode(new_ / "chorale.toml"), 0600U);
  EXPECT_EQ(mode(new_ / "nginx.conf.mustache"), 0640U);
}

TEST_F(MigrateVerbTest, PasswordIsForTheOwnerAloneAndNeverSaid) {
  write(nixy_, std::string(kToml) + "user = \"u\"\npass = \"s3cret\"\n", 0644);
  write(template_, "events {}\na {{.Pass}} {{.User}};\n", 0644);
  EXPECT_EQ(migrate(template_), 1);
  EXPECT_EQ(mode(new_ / "chorale.toml"), 0600U);
  EXPECT_THAT(out_ + err_ + read(new_ / "nginx.conf.mustache"), Not(HasSubstr("s3cret")));
  EXPECT_THAT(read(new_ / "chorale.toml"), HasSubstr("pass = \"s3cret\""));
}

TEST_F(MigrateVerbTest, WhatCannotBeReadIsWrongUsage) {
  EXPECT_EQ(migrate(), 2);
  EXPECT_THAT(err_, HasSubstr(nixy_.string()));
  write(nixy_, "port = [1]\n");
  EXPECT_EQ(migrate(), 2);
  EXPECT_THAT(err_, HasSubstr(nixy_.string() + ":1: port: expected a text in quotes"));
  write(nixy_, kToml);
  EXPECT_EQ(migrate(directory_.path() / "none.tmpl"), 2);
  EXPECT_THAT(err_, HasSubstr("none.tmpl"));
  write(template_, "a\n{{nope .Apps}}\n");
  EXPECT_EQ(migrate(template_), 2);
  EXPECT_THAT(err_, HasSubstr(template_.string() + ":2: unknown function nope: expected one of hasPrefix"));
  write(template_, "events {}\n");
  EXPECT_EQ(migrate(template_, (directory_.path() / "no" / "where").string()), 2);
  EXPECT_THAT(err_, HasSubstr("cannot create the directory"));
  EXPECT_FALSE(fs::exists(new_));
}

TEST_F(MigrateVerbTest, EnvironmentOfTheTemplateIsTaken) {
  write(nixy_, kToml);
  write(template_, "events {}\n# {{getenv \"CHORALE_TEST_DC\"}}\n");
  ::setenv("CHORALE_TEST_DC", "fra1", 1);
  EXPECT_EQ(migrate(template_), 0);
  ::unsetenv("CHORALE_TEST_DC");
  EXPECT_THAT(read(new_ / "chorale.toml"), HasSubstr("env_CHORALE_TEST_DC = \"fra1\""));
  EXPECT_THAT(err_, Not(HasSubstr("fra1")));
}

}  // namespace
}  // namespace chorale::agent
