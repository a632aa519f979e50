#include "agent/cli/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorale::agent {
namespace {

using std::chrono::milliseconds;

TEST(CommandTest, OutputAndExitCodeComeBack) {
  const auto result = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"}, milliseconds(10'000));
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->output, "out\nerr\n");
}

TEST(CommandTest, ProgramThatIsNotThereIsAnError) {
  const auto result = run_command({"/nonexistent/nginx", "-t"}, milliseconds(10'000));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error(), ::testing::HasSubstr("/nonexistent/nginx"));
}

TEST(CommandTest, EndlessProgramIsKilled) {
  const auto result = run_command({"sh", "-c", "exec sleep 60"}, milliseconds(50));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error(), ::testing::HasSubstr("no end after 50 ms"));
}

TEST(CommandTest, FloodOfOutputIsBounded) {
  const auto result = run_command({"sh", "-c", "head -c 1000000 /dev/zero"}, milliseconds(10'000));
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->output.size(), 64U * 1024U);
  EXPECT_EQ(result->exit_code, 0);
}

}  // namespace
}  // namespace chorale::agent
