// What is read of Nginx's error log, and what is not.
#include "agent/nginx/error_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/harness/temp_dir.h"
#include "tests/unit/agent/nginx/fake_nginx.h"

namespace chorale::agent {
namespace {

namespace fs = std::filesystem;

TEST(ErrorLogTailTest, LogThatAppearsIsReadFromItsBeginningAndAtMost64KiB) {
  const testing::TempDir directory("log");
  const std::string path = directory.path() / "error.log";
  ErrorLogTail tail({path});
  EXPECT_EQ(tail.text(), "");
  write_file(path, "first\n");
  EXPECT_EQ(tail.text(), "first\n");
  write_file(path, std::string(300'000, 'x'), std::ios::app);
  EXPECT_GE(tail.text().size(), 64u * 1024);
  EXPECT_LE(tail.text().size(), 64u * 1024 + 4096);
}

TEST(ErrorLogTailTest, FifoIsNotRead) {
  const testing::TempDir directory("log");
  const std::string path = directory.path() / "error.log";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int writer = open(path.c_str(), O_RDWR | O_NONBLOCK);
  ErrorLogTail tail({path});
  ASSERT_EQ(write(writer, "x\n", 2), 2);
  EXPECT_EQ(tail.text(), "");
  close(writer);
}

TEST(ErrorLogTailTest, ReadsOnAcrossRotationAndTruncation) {
  const testing::TempDir directory("log");
  const std::string path = directory.path() / "error.log";
  write_file(path, "old\n");
  ErrorLogTail tail({path, directory.path() / "missing.log"});
  EXPECT_EQ(tail.text(), "");
  write_file(path, "a\n", std::ios::app);
  EXPECT_EQ(tail.text(), "a\n");
  write_file(path, "b\n", std::ios::app);
  fs::rename(path, path + ".1");
  write_file(path, "c\n");
  EXPECT_EQ(tail.text(), "a\nb\nc\n");
  write_file(path, "");
  EXPECT_EQ(tail.text(), "a\nb\nc\n");
  write_file(path, "d\n", std::ios::app);
  EXPECT_EQ(tail.text(), "a\nb\nc\nd\n");
}

}  // namespace
}  // namespace chorale::agent
