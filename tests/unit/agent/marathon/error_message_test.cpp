#include "agent/marathon/error_message.h"

#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

TEST(ErrorMessageTest, IsFoundInMarathonsJson) {
  EXPECT_EQ(error_message_of(R"({"message":"App '/x' does not exist"})"), "App '/x' does not exist");
  EXPECT_EQ(error_message_of("{\"message\":\"a\\nI1122 all is well\"}"), "a\\x0aI1122 all is well");
  EXPECT_EQ(error_message_of("<html>nothing</html>"), "");
  EXPECT_EQ(error_message_of(R"({"message":{"a":1}})"), "");
  EXPECT_EQ(error_message_of(R"(["message"])"), "");
  EXPECT_EQ(error_message_of(""), "");
  EXPECT_EQ(error_message_of(std::string(60000, '[')), "");
}

}  // namespace
}  // namespace chorale::agent
