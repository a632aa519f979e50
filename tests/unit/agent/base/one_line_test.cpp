#include "agent/base/one_line.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(OneLineTest, ForgesNoLogLine) {
  EXPECT_EQ(one_line("a\nE1122 all is well\\"), "a\\x0aE1122 all is well\\x5c");
  EXPECT_EQ(one_line("\x1b[31m\x7f\xC3\xA4"), "\\x1b[31m\\x7f\\xc3\\xa4");
}

TEST(EscapeForLogTest, NoTextForgesALine) { EXPECT_EQ(escape_for_log("a\n<3>forged\x1b[2J"), "a\\n<3>forged\\x1b[2J"); }

TEST(EscapedTest, ErrorsCannotForgeLogLines) {
  EXPECT_EQ(escaped("a\nb\r\x1b[31m\x7f\xc3"), "a\\x0ab\\x0d\\x1b[31m\\x7f\\xc3");
  EXPECT_EQ(escaped(std::string_view("\0", 1)), "\\x00");
}

TEST(FirstLineTest, EndsBeforeTheLineEnd) {
  EXPECT_EQ(first_line("one\ntwo\n"), "one");
  EXPECT_EQ(first_line("one"), "one");
  EXPECT_EQ(first_line(""), "");
}

TEST(OneLineTest, IsBounded) {
  EXPECT_EQ(one_line("abcdef", 3), "abc...");
  EXPECT_EQ(one_line("abc", 3), "abc");
}

}  // namespace
}  // namespace chorale::agent
