// The C client's log lines as our log takes them: level apart, prefix removed, rate-limited. Loop thread only, except
// write_to_current().
//
// The client's log callback takes no context, so there is one current log in the process: that of the store that was
// made last. An agent has one store; only tests have several.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace chorale::coordination {

// While an ensemble is away the client writes an error for every attempt at every server, several a second.
inline constexpr int kMaxLogLinesPerWindow = 10;
inline constexpr std::chrono::seconds kLogWindow{10};

struct ZookeeperLogLine {
  int level = 1;  // 1 error, 2 warning, 3 info, 4 debug: the client's own numbers
  std::string text;
};

// "2026-11-22 12:00:00,000:1(0x7f):ZOO_ERROR@function@123: text" -> {1, "function: text"}.
[[nodiscard]] ZookeeperLogLine parse_zookeeper_log_line(std::string_view line);

class ZookeeperLog {
 public:
  using Post = std::function<void(std::function<void()>)>;
  using Sink = std::function<void(int level, std::string line)>;
  using Clock = std::chrono::steady_clock;

  ZookeeperLog(Post post, Sink sink) : post_(std::move(post)), sink_(std::move(sink)) {}

  // Lines over the limit are counted; the count comes with the first line of the next window.
  void write(std::string_view line, Clock::time_point now);

  static void set_current(std::shared_ptr<ZookeeperLog> log);
  // The log is not current any more, if it was. REQUIRES: before what it posts to ends.
  static void forget(const std::shared_ptr<ZookeeperLog>& log);
  // To be handed to the C client: any thread. Posts the line to the current log; drops it where there is none.
  static void write_to_current(const char* line);

 private:
  static std::atomic<std::shared_ptr<ZookeeperLog>> current_;

  Post post_;
  Sink sink_;
  Clock::time_point window_begin_;
  int lines_in_window_ = 0;
  std::int64_t left_out_ = 0;
};

}  // namespace chorale::coordination
