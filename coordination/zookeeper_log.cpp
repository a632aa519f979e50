#include "coordination/zookeeper_log.h"

#include <array>
#include <utility>

namespace chorale::coordination {
std::atomic<std::shared_ptr<ZookeeperLog>> ZookeeperLog::current_;

ZookeeperLogLine parse_zookeeper_log_line(std::string_view line) {
  static constexpr std::array<std::pair<std::string_view, int>, 4> kLevels{
      {{"ZOO_ERROR@", 1}, {"ZOO_WARN@", 2}, {"ZOO_INFO@", 3}, {"ZOO_DEBUG@", 4}}};
  for (const auto& [word, level] : kLevels) {
    const auto at = line.find(word);
    if (at == std::string_view::npos) continue;
    const auto rest = line.substr(at + word.size());
    const auto function_end = rest.find('@');
    const auto text_begin = rest.find(": ");
    if (function_end == std::string_view::npos || text_begin == std::string_view::npos) break;
    return {level, std::string(rest.substr(0, function_end)) + std::string(rest.substr(text_begin))};
  }
  return {1, std::string(line)};
}

void ZookeeperLog::write(std::string_view line, Clock::time_point now) {
  if (!sink_) return;
  if (now - window_begin_ >= kLogWindow) {
    window_begin_ = now;
    lines_in_window_ = 0;
  }
  if (lines_in_window_ == kMaxLogLinesPerWindow) {
    ++left_out_;
    return;
  }
  ++lines_in_window_;
  auto parsed = parse_zookeeper_log_line(line);
  if (left_out_ > 0) parsed.text += " (" + std::to_string(std::exchange(left_out_, 0)) + " lines left out before)";
  sink_(parsed.level, std::move(parsed.text));
}

void ZookeeperLog::set_current(std::shared_ptr<ZookeeperLog> log) { current_.store(std::move(log)); }

void ZookeeperLog::forget(const std::shared_ptr<ZookeeperLog>& log) {
  auto expected = log;
  current_.compare_exchange_strong(expected, nullptr);
}

void ZookeeperLog::write_to_current(const char* line) {
  const auto log = current_.load();
  if (!log) return;
  // The time it is written at is the loop's: a loop that stands still finds all lines in one window.
  log->post_([weak = std::weak_ptr(log), text = std::string(line)] {
    if (const auto alive = weak.lock()) alive->write(text, Clock::now());
  });
}

}  // namespace chorale::coordination
