// Which includes lead to one file, and the copies that read a draft in its place.
#include "agent/nginx/main_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/harness/temp_dir.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class MainConfigTest : public ::testing::Test {
 protected:
  MainConfigTest() { fs::create_directories(path("conf.d")); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() / name; }
  void write(const std::string& name, const std::string& text = "") const {
    fs::create_directories(fs::path(path(name)).parent_path());
    write_file(path(name), text);
  }
  [[nodiscard]] DraftPlace place(const std::string& target = "conf.d/chorale.conf") const {
    return {path("nginx.conf"), path(target), path("conf.d/.draft"), path("between-")};
  }
  // The copy of a main config of this text, with DIR for the directory; or why there is none.
  [[nodiscard]] std::string copied(const std::string& text, const std::string& target = "conf.d/chorale.conf") const {
    write("nginx.conf", text);
    const auto copies = copies_with_draft(place(target));
    return short_names(copies ? copies->back().text : "error: " + copies.error().message);
  }
  [[nodiscard]] std::string short_names(std::string text) const {
    const std::string name = directory_.path();
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
      text.replace(at, name.size(), "DIR");
    }
    return text;
  }

  testing::TempDir directory_{"main"};
};

TEST_F(MainConfigTest, TheDraftStandsWhereTheFileWouldInTheOrderOfTheNames) {
  write("conf.d/a.conf");
  write("conf.d/z.conf");
  write("conf.d/.hidden.conf");
  write("conf.d/d.txt");
  const std::string expected =
      "http {\n  include \"DIR/conf.d/a.conf\"; include \"DIR/conf.d/.draft\"; include \"DIR/conf.d/z.conf\";\n}\n";
  EXPECT_EQ(copied("http {\n  include conf.d/*.conf;\n}\n"), expected) << "it is not there yet";
  write("conf.d/chorale.conf");
  EXPECT_EQ(copied("http {\n  include conf.d/*.conf;\n}\n"), expected);
  EXPECT_EQ(copied("http {\n  include " + path("conf.d") + "/*.conf;\n}\n"), expected);
  EXPECT_EQ(copied("include conf.d/chorale.conf;\n"), "include \"DIR/conf.d/.draft\";\n");
  EXPECT_EQ(copied("include \"conf.d/c[h]orale.conf\" ;"), "include \"DIR/conf.d/.draft\";");
}

TEST_F(MainConfigTest, WhatElseStandsThereIsCopiedByteByByteAndLineByLine) {
  write("mime.types", "types { }\n");
  EXPECT_EQ(copied("# include conf.d/*.conf;\nset $x 'include conf.d/*;';include mime.types;\n"
                   "include\n\n  conf.d/*.conf # here\n;tail \"}\";\n"),
            "# include conf.d/*.conf;\nset $x 'include conf.d/*;';include mime.types;\n"
            "include \"DIR/conf.d/.draft\";\n\n\ntail \"}\";\n");
  EXPECT_EQ(copied("include conf.d/*.conf; a;\ninclude conf.d/ch*; b;"),
            "include \"DIR/conf.d/.draft\"; a;\ninclude \"DIR/conf.d/.draft\"; b;");
}

TEST_F(MainConfigTest, FilesBetweenAreCopiedToo) {
  write("sites/one.conf", "one;\n");
  write("sites/two.conf", "two;\ninclude more/*;\n");
  write("more/three", "include conf.d/*.conf; # relative to the main config, wherever this stands\n");
  write("nginx.conf", "include sites/*.conf;\n");
  const auto copies = copies_with_draft(place());
  ASSERT_TRUE(copies) << copies.error().message;
  ASSERT_EQ(copies->size(), 3U);
  EXPECT_EQ((*copies)[0].path, path("between-1"));
  EXPECT_EQ(short_names((*copies)[0].text),
            "include \"DIR/conf.d/.draft\"; # relative to the main config, wherever this stands\n");
  EXPECT_EQ((*copies)[1].path, path("between-2"));
  EXPECT_EQ(short_names((*copies)[1].text), "two;\ninclude \"DIR/between-1\";\n");
  EXPECT_EQ((*copies)[2].path, path(".nginx.conf.draft-main"));
  EXPECT_EQ(short_names((*copies)[2].text), "include \"DIR/sites/one.conf\"; include \"DIR/between-2\";\n");
}

TEST_F(MainConfigTest, CopiesAreReadableByThoseWhoCanReadTheOriginal) {
  write("nginx.conf", "include conf.d/*.conf;\n");
  fs::permissions(path("nginx.conf"), fs::perms::owner_read);
  const auto copies = copies_with_draft(place());
  ASSERT_TRUE(copies);
  EXPECT_EQ(copies->back().ownership.mode, 0400U);
}

TEST_F(MainConfigTest, WhatDoesNotLeadThereIsAnError) {
  write("conf.d/other.conf");
  EXPECT_EQ(copied("include conf.d/other.conf;\n"), "error: DIR/nginx.conf does not include DIR/conf.d/chorale.conf");
  EXPECT_THAT(copied("include conf.d/*.conf;\n", "elsewhere/chorale.conf"), HasSubstr("does not include"));
  EXPECT_THAT(copied("include conf.d/*.conf;\n", "conf.d/chorale.txt"), HasSubstr("does not include"));
  EXPECT_THAT(copied("include conf.d/*;\n", "conf.d/.chorale.conf"), HasSubstr("does not include")) << "it is hidden";
  EXPECT_THAT(copied("include*conf.d/*.conf;\n"), HasSubstr("does not include"));
  EXPECT_THAT(copied("includes conf.d/*.conf;\n"), HasSubstr("does not include"));
  EXPECT_THAT(copied("include conf.d/*.conf more;\n"), HasSubstr("does not include")) << "Nginx refuses it";
  EXPECT_THAT(copied("include conf.d/*.conf"), HasSubstr("does not include")) << "it does not end";
  fs::remove(path("nginx.conf"));
  EXPECT_EQ(short_names(copies_with_draft(place()).error().message), "there is no DIR/nginx.conf");
}

TEST_F(MainConfigTest, NameThatNginxWouldTakeForAPatternIsAnError) {
  write("conf.d/a[1].conf");
  EXPECT_EQ(copied("include conf.d/*.conf;\n"),
            "error: DIR/conf.d/a[1].conf: Nginx would take this name for a pattern");
  EXPECT_EQ(copied("include conf.d/a*.conf;\ninclude conf.d/c*.conf;\n"),
            "include conf.d/a*.conf;\ninclude \"DIR/conf.d/.draft\";\n");
}

TEST_F(MainConfigTest, DraftsThatWouldBeIncludedThemselvesAreAnError) {
  EXPECT_EQ(copied("include conf.d/chorale.conf;\ninclude conf.d/.d*;\n"),
            "error: DIR/nginx.conf: \"include conf.d/.d*\" includes hidden files, Chorale's drafts among them");
  EXPECT_TRUE(includes_file(path("nginx.conf"), path("conf.d/chorale.conf")));
}

TEST_F(MainConfigTest, LinksOfDirectoriesAreFollowed) {
  write("available/conf.d/x");
  fs::create_directory_symlink(path("conf.d"), path("linked"));
  EXPECT_EQ(copied("include linked/*.conf;\n"), "include \"DIR/conf.d/.draft\";\n");
  EXPECT_EQ(copied("include conf.d/*.conf;\n", "linked/chorale.conf"), "include \"DIR/conf.d/.draft\";\n");
}

TEST_F(MainConfigTest, FilesThatIncludeEachOtherAreAnError) {
  write("conf.d/loop.conf", "include conf.d/l*.conf;\n");
  write("conf.d/loop2.conf", "include conf.d/l*.conf;\n");
  EXPECT_EQ(
      copied("include conf.d/*.conf;\n"),
      "error: DIR/nginx.conf includes too many files, or some that include each other, DIR/conf.d/loop.conf among "
      "them");
  EXPECT_FALSE(includes_file(path("nginx.conf"), path("conf.d/chorale.conf")));
}

TEST_F(MainConfigTest, ManyFilesAreFineAndTooManyAreAnError) {
  std::string text = "include conf.d/*.conf;\n";
  write("empty.conf");
  for (int i = 0; i < 9'000; ++i) text += "include empty.conf;\n";
  EXPECT_THAT(copied(text), HasSubstr("include \"DIR/conf.d/.draft\";"));
  for (int i = 0; i < 1'001; ++i) text += "include empty.conf;\n";
  EXPECT_THAT(copied(text), HasSubstr("error: DIR/nginx.conf includes too many files"));
}

TEST_F(MainConfigTest, NamesInQuotesStayWhole) {
  write("conf.d/a \"b\".conf");
  EXPECT_EQ(copied("include conf.d/*.conf;\n"),
            "include \"DIR/conf.d/a \\\"b\\\".conf\"; include \"DIR/conf.d/.draft\";\n");
  fs::remove(path("conf.d/a \"b\".conf"));
  write("conf.d/a\\b.conf");
  EXPECT_EQ(copied("include conf.d/*.conf;\n"), "include \"DIR/conf.d/a\\\\b.conf\"; include \"DIR/conf.d/.draft\";\n");
}

TEST_F(MainConfigTest, NameOfACopyIsNoDraftsName) {
  EXPECT_THAT(main_copy("/etc/nginx/nginx.conf", "/etc/nginx/conf.d/.a.chorale-stage"),
              EndsWith("/etc/nginx/.nginx.conf.a.chorale-stage-main"));
}

TEST_F(MainConfigTest, IsWhatTheRunningNginxReadsElseWhatItWasBuiltToRead) {
  write("nginx.conf", "include conf.d/*.conf;\n");
  write("built.conf", "include conf.d/*.conf;\n");
  MainConfigSources sources{path("conf.d/chorale.conf"), "", {"nginx"}, path("none.pid"), {"", path("built.conf")}};
  EXPECT_EQ(find_main_config(sources), path("built.conf"));
  const FakeNginx nginx(kReplaceWorkers, "nginx: master process nginx -c " + path("nginx.conf"));
  sources.pid_option = nginx.pid_file();
  EXPECT_EQ(find_main_config(sources), path("nginx.conf"));
  sources.ask_running = false;
  EXPECT_EQ(find_main_config(sources), path("built.conf"));
  sources.command = {"nginx", "-c", path("nginx.conf")};
  EXPECT_EQ(find_main_config(sources), path("nginx.conf")) << "as the command says";
  sources.option = path("option.conf");
  EXPECT_EQ(find_main_config(sources), path("option.conf")) << "whatever it says";
  sources.option = sources.target;
  EXPECT_EQ(find_main_config(sources), "") << "the target is the whole";
  sources = {path("built.conf"), "", {"nginx"}, path("none.pid"), {"", path("built.conf")}};
  write("built.conf", "include built.conf;\n");
  EXPECT_EQ(find_main_config(sources), "") << "it is the whole, whatever it includes";
  sources.target = path("elsewhere.conf");
  EXPECT_EQ(find_main_config(sources), "");
  sources.build = {};
  EXPECT_EQ(find_main_config(sources), "");
}

// The pid file is where the config that was built in says.
TEST_F(MainConfigTest, LooksForTheRunningNginxWhereTheBuiltInConfigSays) {
  write("nginx.conf", "include conf.d/*.conf;\n");
  const FakeNginx nginx(kReplaceWorkers, "nginx: master process nginx -c " + path("nginx.conf"));
  write("built.conf", "pid " + nginx.pid_file() + ";\n");
  EXPECT_EQ(find_main_config({path("conf.d/chorale.conf"), "", {"nginx"}, "", {"", path("built.conf")}}),
            path("nginx.conf"));
}

}  // namespace
}  // namespace chorale::agent
