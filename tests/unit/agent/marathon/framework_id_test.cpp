#include "agent/marathon/framework_id.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(FrameworkIdTest, IsReadFromInfo) {
  EXPECT_EQ(parse_framework_id(R"({"name":"marathon","frameworkId":"5e2d7a60-0000","leader":null})"), "5e2d7a60-0000");
}

TEST(FrameworkIdTest, IsUnknownWhereMarathonDoesNotNameIt) {
  for (const char* body : {R"({"frameworkId":null})", R"({"frameworkId":""})", R"({"frameworkId":7})", "{}"}) {
    const auto id = parse_framework_id(body);
    ASSERT_FALSE(id) << body;
    EXPECT_EQ(id.error().message, "/v2/info names no frameworkId");
  }
  for (const char* body : {"", "<html>", "[]", R"({"frameworkId":"5e)"}) {
    const auto id = parse_framework_id(body);
    ASSERT_FALSE(id) << body;
    EXPECT_EQ(id.error().message, "/v2/info is not a JSON object");
  }
}

}  // namespace
}  // namespace chorale::agent
