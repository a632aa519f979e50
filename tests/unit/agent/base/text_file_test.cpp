#include "agent/base/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/harness/temp_dir.h"

namespace chorale::agent {
namespace {

using ::testing::HasSubstr;

TEST(TextFileTest, WholeFileIsRead) {
  const chorale::testing::TempDir directory("text");
  const std::string path = (directory.path() / "file").string();
  const std::string text = std::string(100'000, 'x') + '\0' + "end";
  std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(read_text_file(path), text);
  EXPECT_EQ(read_text_file(path, text.size()), text);
}

TEST(TextFileTest, TooLargeFileIsRefused) {
  const chorale::testing::TempDir directory("text");
  const std::string path = (directory.path() / "file").string();
  std::ofstream(path) << "12345";
  ASSERT_FALSE(read_text_file(path, 4));
  EXPECT_EQ(read_text_file(path, 4).error().message, path + ": larger than 4 bytes; is this the right file?");
}

TEST(TextFileTest, WhatCannotBeOpenedIsNamed) {
  EXPECT_EQ(read_text_file("/nowhere/file").error().message, "/nowhere/file: No such file or directory");
}

// Both can be opened; only the read fails.
TEST(TextFileTest, FailedReadIsAnError) {
  EXPECT_EQ(read_text_file("/").error().message, "/: Is a directory");
  EXPECT_THAT(read_text_file("/proc/self/mem").error().message, HasSubstr("/proc/self/mem: "));
}

}  // namespace
}  // namespace chorale::agent
