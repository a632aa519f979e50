#include "agent/base/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "agent/base/text_file.h"
#include "tests/harness/temp_dir.h"
#include "tests/harness/wait_until.h"

namespace chorale::agent {
namespace {

const std::atomic<bool> kGoOn{false};

TEST(ProcessTest, OutputAndExitCodeArrive) {
  const auto ran = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"}, kMaxProcessTime, kGoOn);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_code, 3);
  EXPECT_EQ(ran->output, "out\nerr\n");
}

TEST(ProcessTest, ThereIsNoEndlessOutput) {
  const auto ran = run_process({"sh", "-c", "head -c 300000 /dev/zero"}, kMaxProcessTime, kGoOn);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->output.size(), 64u * 1024);
}

TEST(ProcessTest, DeadlineEndsTheWholeGroup) {
  const testing::TempDir directory("group");
  const std::string pid_file = directory.path() / "pid";
  const auto ran = run_process({"sh", "-c", "sleep 1000 & echo $! > " + pid_file + "; wait"}, Milliseconds(300), kGoOn);
  ASSERT_FALSE(ran);
  EXPECT_NE(ran.error().message.find("did not end within 300 ms"), std::string::npos) << ran.error().message;
  const int grandchild = std::stoi(read_text_file(pid_file).value());
  // SIGKILL was sent; when the kernel gets round to it is its own affair.
  const auto ended = [&] {
    std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
    std::string pid, name, state;
    return !(stat >> pid >> name >> state) || state == "Z" || state == "X";
  };
  EXPECT_TRUE(testing::wait_until(ended, Milliseconds(10'000)));
}

TEST(ProcessTest, GrandchildThatKeepsThePipeDoesNotKeepUs) {
  const auto ran = run_process({"sh", "-c", "sleep 5 & echo done"}, Milliseconds(10'000), kGoOn);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->output, "done\n");
  EXPECT_LT(ran->took, Milliseconds(4'000));
}

TEST(ProcessTest, StopEndsTheChild) {
  std::atomic<bool> stop{false};
  std::thread stopper([&stop] { stop = true; });
  const auto ran = run_process({"sleep", "1000"}, kMaxProcessTime, stop);
  stopper.join();
  EXPECT_FALSE(ran);
}

TEST(ProcessTest, NoDescriptorIsInherited) {
  const int leaked = dup(STDERR_FILENO);  // without O_CLOEXEC, as a library would
  const auto ran =
      run_process({"sh", "-c", "[ ! -e /proc/$$/fd/" + std::to_string(leaked) + " ]"}, kMaxProcessTime, kGoOn);
  close(leaked);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_code, 0);
}

TEST(ProcessTest, SettingsOfTheAgentAreNotInherited) {
  setenv("CHORALE_PASS", "hunter2", 1);
  setenv("CHORAL", "kept", 1);
  const auto ran = run_process({"env"}, Milliseconds(10'000));
  unsetenv("CHORALE_PASS");
  unsetenv("CHORAL");
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->output.find("CHORALE_"), std::string::npos);
  EXPECT_NE(ran->output.find("CHORAL=kept"), std::string::npos);
  EXPECT_NE(ran->output.find("PATH="), std::string::npos);
}

}  // namespace
}  // namespace chorale::agent
