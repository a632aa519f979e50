#include "agent/http/percent.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(PercentDecodeTest, EscapesBecomeTheirBytes) {
  EXPECT_EQ(percent_decode("/a%2Fb%c3%A4"), "/a/b\xC3\xA4");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
  EXPECT_EQ(percent_decode("plain"), "plain");
  EXPECT_EQ(percent_decode(""), "");
}

TEST(PercentDecodeTest, BrokenEscapesAreRefused) {
  for (const char* broken : {"%", "a%", "%2", "a%2", "%zz", "%2z", "%+1", "%-1", "% 1", "100%"}) {
    EXPECT_EQ(percent_decode(broken), std::nullopt) << broken;
  }
}

}  // namespace
}  // namespace chorale::agent
