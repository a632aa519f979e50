// The target where it is only included by the user's own main config: what is kept of it, and what is read there.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "agent/base/atomic_file.h"
#include "agent/nginx/config_file.h"
#include "tests/harness/temp_dir.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;

class IncludedFileTest : public ::testing::Test {
 protected:
  IncludedFileTest() {
    write_file(main_, "pid /run/main.pid;\nerror_log main.log;\ninclude nginx.conf;\n");
    std::string name = target_.substr(1);
    std::replace(name.begin(), name.end(), '/', '_');
    kept_in_ = directory_.path() / "state" / "included" / name;
  }

  [[nodiscard]] static std::string text_of(const std::string& path) {
    const auto file = read_file(path);
    return file && *file ? (*file)->text : "(none)";
  }
  void install(std::int64_t revision, const std::string& text, std::optional<FileContent> expected, bool keep = false) {
    const PublishedConfig config{identity(revision), std::make_shared<const std::string>(text)};
    const StageWritten staged = file_.write_stage(config, {});
    ASSERT_TRUE(staged.content) << staged.content.error().message;
    const StageInstalled installed = file_.install({*staged.content, std::move(expected), keep, config});
    ASSERT_FALSE(installed.failure) << installed.failure->message;
    kept_ = installed.kept;
  }

  testing::TempDir directory_{"included"};
  std::string target_ = directory_.path() / "nginx.conf";
  std::string main_ = directory_.path() / "main.conf";
  ConfigFile file_{target_, directory_.path() / "state", main_};
  fs::path kept_in_;
  std::vector<std::string> kept_;
};

TEST_F(IncludedFileTest, IsMadeEmptyWhereItIsNotThereAndLeftAloneWhereItIs) {
  EXPECT_EQ(file_.main(), main_);
  ASSERT_TRUE(file_.prepare());
  EXPECT_EQ(text_of(target_), "");
  EXPECT_TRUE(fs::is_regular_file(target_));
  write_file(target_, "foreign\n");
  ASSERT_TRUE(file_.prepare());
  EXPECT_EQ(text_of(target_), "foreign\n");
  fs::remove(target_);
  fs::create_symlink("real.conf", target_);
  ASSERT_TRUE(file_.prepare());
  EXPECT_TRUE(fs::is_symlink(target_));
  EXPECT_EQ(text_of(directory_.path() / "real.conf"), "");
  const ConfigFile whole(directory_.path() / "whole.conf", directory_.path() / "new");
  EXPECT_EQ(whole.main(), whole.target());
  ASSERT_TRUE(whole.prepare());
  EXPECT_FALSE(fs::exists(whole.target()));
  EXPECT_TRUE(fs::is_directory(directory_.path() / "new"));
}

TEST_F(IncludedFileTest, NothingIsKeptBesideIt) {
  ASSERT_TRUE(file_.prepare());
  install(1, "one\n", content_of(""), true);
  EXPECT_TRUE(kept_.empty()) << "an empty file is no loss";
  EXPECT_EQ(text_of(kept_in_ / "nginx.conf.proven"), "");
  write_file(target_, "foreign\n");
  install(2, "two\n", content_of("foreign\n"));
  EXPECT_EQ(text_of(kept_in_ / "nginx.conf.before-chorale"), "foreign\n");
  write_file(target_, identity_line(identity(2)) + "edited\n");
  install(3, "three\n", content_of("two\n"));
  EXPECT_EQ(text_of(kept_in_ / "nginx.conf.drift-1"), identity_line(identity(2)) + "edited\n");
  for (const auto& entry : fs::directory_iterator(directory_.path() / "state")) {
    EXPECT_EQ(entry.path().filename(), "included");
  }
  for (const char* suffix : {".before-chorale", ".drift-1"}) EXPECT_FALSE(fs::exists(target_ + suffix));
}

// Where to look for Nginx is said by the file that it reads first.
TEST_F(IncludedFileTest, MainConfigSaysWhereNginxIs) {
  write_file(target_, "pid /run/other.pid;\n");
  const auto view = file_.view();
  ASSERT_TRUE(view && *view);
  EXPECT_EQ((*view)->directives, (MainDirectives{"/run/main.pid", {"main.log"}}));
  EXPECT_EQ((*view)->main_signature, signature_of(main_));
  EXPECT_EQ((*view)->content, content_of("pid /run/other.pid;\n"));
  fs::remove(main_);
  ASSERT_TRUE(file_.view());
  EXPECT_EQ((*file_.view())->main_signature, std::nullopt);
}

}  // namespace
}  // namespace chorale::agent
