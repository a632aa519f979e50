#include "agent/base/one_line.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(OneLineTest, ForgesNoLogLine) {
  EXPECT_EQ(one_line("a\nE1122 all is well\\"), "a\\x0aE1122 all is well\\x5c");
  EXPECT_EQ(one_line("\x1b[31m\x7f\xC3\xA4"), "\\x1b[31m\\x7f\\xc3\\xa4");
}

TEST(OneLineTest, IsBounded) {
  EXPECT_EQ(one_line("abcdef", 3), "abc...");
  EXPECT_EQ(one_line("abc", 3), "abc");
}

}  // namespace
}  // namespace chorale::agent
