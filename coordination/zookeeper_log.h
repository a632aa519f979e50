// The C client's log lines, made fit for a log of ours: level apart, prefix off, rate-limited. Any thread.
//
// The client's log callback takes no context, so there is one current log in the process: that of the store that was
// made last. An agent has one store; only tests have several.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

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
  using Sink = std::function<void(int level, std::string line)>;
  using Clock = std::chrono::steady_clock;

  explicit ZookeeperLog(Sink sink) : sink_(std::move(sink)) {}

  // Lines over the limit are counted; the count comes with the first line of the next window.
  void write(std::string_view line, Clock::time_point now);

  // To be handed to the C client. Drops the line if no current log is alive.
  static void write_to_current(const char* line);
  static void set_current(const std::shared_ptr<ZookeeperLog>& log);

 private:
  // A mutex, against the rule of this room: the client calls from its own threads and leaves nothing to post to.
  std::mutex mutex_;
  Sink sink_;
  Clock::time_point window_begin_;
  int lines_in_window_ = 0;
  std::int64_t left_out_ = 0;
};

}  // namespace chorale::coordination
