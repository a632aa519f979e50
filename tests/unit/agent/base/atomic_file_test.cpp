#include "agent/base/atomic_file.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sys/stat.h>
#include <optional>
#include <thread>

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

// As under the service's capabilities: root, but not the owner of every file.
TEST(AtomicFileTest, FileOfAnotherOwnerNeedsNoCapFowner) {
  if (geteuid() != 0) GTEST_SKIP() << "may not give files away";
  const testing::TempDir directory("atomic");
  const std::string path = directory.path() / "nginx.conf";
  std::optional<Failure> failure;
  std::thread([&] {  // capabilities are a thread's own
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    ASSERT_EQ(syscall(SYS_capget, &header, data), 0);
    data[0].effective &= ~(1U << CAP_FOWNER);
    ASSERT_EQ(syscall(SYS_capset, &header, data), 0);
    if (const Done done = replace_file(path, "text", {0640, 65534, 65534}); !done) failure = done.error();
  })
      .join();
  EXPECT_FALSE(failure) << failure->message;
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 65534U);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
}

TEST(AtomicFileTest, LinksAreResolvedToWhereTheyEnd) {
  const testing::TempDir directory("atomic");
  const std::filesystem::path base = directory.path();
  EXPECT_EQ(resolve_links(base / "none"), (base / "none").string());
  std::filesystem::create_symlink("b", base / "a");
  std::filesystem::create_symlink(base / "c", base / "b");
  EXPECT_EQ(resolve_links(base / "a"), (base / "c").string()) << "there need not be a file";
  std::filesystem::create_symlink("loop", base / "loop");
  EXPECT_FALSE(resolve_links(base / "loop").empty());
}

}  // namespace
}  // namespace chorale::agent
