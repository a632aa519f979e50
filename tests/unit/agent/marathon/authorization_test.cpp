// The one line of a marathon_auth_file.
#include "agent/marathon/authorization.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(AuthorizationTest, ALineIsAUserOrATokenAsItIs) {
  EXPECT_EQ(parse_auth_line("jo:pw"), "Basic am86cHc=");
  EXPECT_EQ(parse_auth_line("jo:pw\r\n"), "Basic am86cHc=");
  EXPECT_EQ(parse_auth_line("jo:p:w"), "Basic am86cDp3");
  EXPECT_EQ(parse_auth_line("jo:"), "Basic am86");
  EXPECT_EQ(parse_auth_line("Bearer abc.def"), "Bearer abc.def");
  EXPECT_EQ(parse_auth_line("token=abc\n"), "token=abc");
}

TEST(AuthorizationTest, OtherLinesAreRefusedWithoutBeingRepeated) {
  for (const char* wrong :
       {"", "\n", "hunter2", ":hunter2", "jo:hunter2\nX-Other: y", "Bearer hunter2\nX: y", "jo:hunter2\n\nmore"}) {
    const auto parsed = parse_auth_line(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().message, "expected one line user:password, or Bearer TOKEN, or token=TOKEN");
  }
}

}  // namespace
}  // namespace chorale::agent
