#include <gtest/gtest.h>

#include <chrono>

#include "agent/base/log.h"

namespace chorale::agent {
namespace {

using std::chrono::system_clock;

constexpr pid_t kPid = 4711;

TEST(LogTest, JournalGetsThePriorityAndNoTime) {
  const auto now = system_clock::now();
  EXPECT_EQ(log_prefix(LogTarget::kJournal, LogLine::Level::kInfo, now, kPid), "<6>");
  EXPECT_EQ(log_prefix(LogTarget::kJournal, LogLine::Level::kWarning, now, kPid), "<4>");
  EXPECT_EQ(log_prefix(LogTarget::kJournal, LogLine::Level::kError, now, kPid), "<3>");
}

// In local time, as glog has it; which zone that is does not matter for the shape.
TEST(LogTest, TerminalGetsLevelTimeAndPidWithoutSourceLine) {
  const system_clock::time_point moment{std::chrono::microseconds(1'795'000'000'000'042)};
  const std::string prefix = log_prefix(LogTarget::kTerminal, LogLine::Level::kWarning, moment, kPid);
  ASSERT_EQ(prefix.size(), std::string("W20261122 12:00:00.000042 4711] ").size()) << prefix;
  EXPECT_EQ(prefix.substr(0, 7), "W202611");
  EXPECT_EQ(prefix.substr(18), ".000042 4711] ");
}

TEST(LogTest, OnlyTheStreamThatSystemdConnectedIsTheJournal) {
  EXPECT_EQ(log_target("8:1234", 8, 1234), LogTarget::kJournal);
  EXPECT_EQ(log_target("8:1234", 8, 1235), LogTarget::kTerminal);  // redirected since
  EXPECT_EQ(log_target("8:1234", 9, 1234), LogTarget::kTerminal);
  EXPECT_EQ(log_target("", 8, 1234), LogTarget::kTerminal);
  EXPECT_EQ(log_target("8:1234:1", 8, 1234), LogTarget::kTerminal);
}

}  // namespace
}  // namespace chorale::agent
