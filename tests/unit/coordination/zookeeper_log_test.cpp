#include "coordination/zookeeper_log.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace chorale::coordination {
namespace {

TEST(ZookeeperLogTest, LineLosesItsPrefixAndKeepsItsLevel) {
  const auto error = parse_zookeeper_log_line(
      "2026-11-22 12:00:00,123:4711(0x7f00):ZOO_ERROR@handle_socket_error_msg@2378: Socket [10.0.0.1:2181] errno=111");
  EXPECT_EQ(error.level, 1);
  EXPECT_EQ(error.text, "handle_socket_error_msg: Socket [10.0.0.1:2181] errno=111");
  EXPECT_EQ(parse_zookeeper_log_line("x:ZOO_WARN@f@1: text").level, 2);
}

TEST(ZookeeperLogTest, UnknownShapeIsKeptWhole) {
  for (const auto* line : {"", "something else", "ZOO_ERROR@", "ZOO_ERROR@f@1", "ZOO_ERROR@: "}) {
    const auto parsed = parse_zookeeper_log_line(line);
    EXPECT_EQ(parsed.level, 1);
    EXPECT_TRUE(parsed.text == line || parsed.text.ends_with(": ")) << line;
  }
}

TEST(ZookeeperLogTest, LinesOverTheLimitAreCounted) {
  std::vector<std::string> lines;
  ZookeeperLog log(nullptr, [&](int, std::string line) { lines.push_back(std::move(line)); });
  const ZookeeperLog::Clock::time_point start{std::chrono::hours(1)};
  for (int i = 0; i < kMaxLogLinesPerWindow + 5; ++i) log.write("line", start);
  EXPECT_EQ(lines.size(), static_cast<std::size_t>(kMaxLogLinesPerWindow));
  log.write("next", start + kLogWindow);
  EXPECT_EQ(lines.back(), "next (5 lines left out before)");
  log.write("last", start + kLogWindow);
  EXPECT_EQ(lines.back(), "last");
}

TEST(ZookeeperLogTest, LineGoesToTheCurrentLogByWayOfItsLoop) {
  std::vector<std::string> lines;
  std::vector<std::function<void()>> posted;
  auto log = std::make_shared<ZookeeperLog>([&](std::function<void()> function) { posted.push_back(function); },
                                            [&](int, std::string line) { lines.push_back(std::move(line)); });
  ZookeeperLog::set_current(log);
  ZookeeperLog::write_to_current("one");
  EXPECT_TRUE(lines.empty());
  ASSERT_EQ(posted.size(), 1U);
  posted.front()();
  EXPECT_EQ(lines, std::vector<std::string>{"one"});

  ZookeeperLog::write_to_current("two");
  ZookeeperLog::forget(log);
  log.reset();
  ASSERT_EQ(posted.size(), 2U);
  posted.back()();
  ZookeeperLog::write_to_current("three");
  EXPECT_EQ(posted.size(), 2U);
  EXPECT_EQ(lines.size(), 1U);
}

}  // namespace
}  // namespace chorale::coordination
