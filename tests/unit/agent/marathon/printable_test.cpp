#include "agent/marathon/printable.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(PrintableTest, ForgesNoLogLine) {
  EXPECT_EQ(printable("a\nE1122 all is well\\"), "a\\x0aE1122 all is well\\x5c");
  EXPECT_EQ(printable("\x1b[31m\x7f\xC3\xA4"), "\\x1b[31m\\x7f\\xc3\\xa4");
}

TEST(PrintableTest, IsBounded) { EXPECT_EQ(printable("abcdef", 3), "abc..."); }

TEST(PrintableTest, FindsTheMessageOfAnError) {
  EXPECT_EQ(error_message_of(R"({"message":"App '/x' does not exist"})"), "App '/x' does not exist");
  EXPECT_EQ(error_message_of("<html>nothing</html>"), "");
  EXPECT_EQ(error_message_of(R"({"message":{"a":1}})"), "");
  EXPECT_EQ(error_message_of(R"(["message"])"), "");
  EXPECT_EQ(error_message_of(""), "");
  EXPECT_EQ(error_message_of(std::string(60000, '[')), "");
}

}  // namespace
}  // namespace chorale::agent
