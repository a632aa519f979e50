#include "agent/base/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/harness/temp_dir.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;

void write_text(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
std::string text_of(const std::string& path) {
  const auto file = read_file(path);
  return file && *file ? (*file)->text : "(none)";
}

TEST(AtomicFileTest, ReplacesWithModeAndLeavesNoDraft) {
  const testing::TempDir directory("atomic");
  const std::string path = directory.path() / "file";
  ASSERT_TRUE(replace_file(path, "one", {0640}));
  ASSERT_TRUE(replace_file(path, "two", {0600}));
  EXPECT_EQ(text_of(path), "two");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), {}), 1);
}

TEST(AtomicFileTest, ErrorsNameTheFileAndTheReason) {
  const Done done = replace_file("/nonexistent/file", "x", {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "cannot create /nonexistent/.file.chorale-tmp: No such file or directory");
  const auto directory = read_file("/tmp");
  EXPECT_FALSE(directory);
}

TEST(AtomicFileTest, DraftDoesNotFollowALinkThatWaitsForIt) {
  const testing::TempDir directory("link");
  const std::string victim = directory.path() / "victim";
  write_text(victim, "precious");
  fs::create_symlink(victim, directory.path() / "draft");
  ASSERT_TRUE(write_draft(directory.path() / "draft", "x", {}));
  EXPECT_EQ(text_of(victim), "precious");
}

}  // namespace
}  // namespace chorale::agent
