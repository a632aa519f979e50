#include "agent/base/log.h"

#include <glog/logging.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <utility>

#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kRepeatInterval{60};
constexpr std::size_t kRememberedLines = 256;  // over that the memory is cleared: a repeat may then show early

// Which lines were written lately, so that a fault that lasts an hour is not a thousand lines.
class RepeatFilter {
 public:
  // Returns whether to write, and how many repeats were swallowed since the last time.
  std::pair<bool, int> admit(const std::string& text, std::chrono::steady_clock::time_point now) {
    if (seen_.size() >= kRememberedLines) seen_.clear();
    auto [entry, fresh] = seen_.try_emplace(text, Seen{now, 0});
    if (fresh) return {true, 0};
    if (now - entry->second.written < kRepeatInterval) {
      ++entry->second.swallowed;
      return {false, 0};
    }
    entry->second.written = now;
    return {true, std::exchange(entry->second.swallowed, 0)};
  }

 private:
  struct Seen {
    std::chrono::steady_clock::time_point written;
    int swallowed = 0;
  };
  std::map<std::string, Seen> seen_;
};

RepeatFilter& repeat_filter() {
  static RepeatFilter filter;
  return filter;
}

// Of this process; a terminal until init_log() has looked.
LogTarget& stderr_target() {
  static LogTarget target = LogTarget::kTerminal;
  return target;
}

}  // namespace

LogTarget log_target(std::string_view journal_stream, dev_t device, ino_t inode) {
  const std::string own = std::to_string(device) + ":" + std::to_string(inode);
  return journal_stream == own ? LogTarget::kJournal : LogTarget::kTerminal;
}

std::string log_prefix(LogTarget target, LogLine::Level level, std::chrono::system_clock::time_point now, pid_t pid) {
  struct Marks {
    const char* priority;  // of syslog(3)
    const char* letter;
  };
  const Marks marks = [level]() -> Marks {
    switch (level) {
      case LogLine::Level::kInfo:
        return {"<6>", "I"};
      case LogLine::Level::kWarning:
        return {"<4>", "W"};
      case LogLine::Level::kError:
        return {"<3>", "E"};
    }
    return {"<3>", "E"};
  }();
  if (target == LogTarget::kJournal) return marks.priority;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::array<char, 32> day_and_time{};
  std::array<char, 64> rest{};
  (void)std::strftime(day_and_time.data(), day_and_time.size(), "%Y%m%d %H:%M:%S", &local);
  (void)std::snprintf(rest.data(), rest.size(), ".%06d %d] ", static_cast<int>(microseconds % 1'000'000), pid);
  return std::string(marks.letter) + day_and_time.data() + rest.data();
}

// The prefix is ours: glog's own callback for one puts a blank between it and the text, which the journal would keep.
void init_log(const char* program) {
  FLAGS_logtostderr = true;
  FLAGS_log_prefix = false;
  google::InitGoogleLogging(program);
  const char* journal_stream = std::getenv("JOURNAL_STREAM");
  struct stat info {};
  if (journal_stream != nullptr && ::fstat(STDERR_FILENO, &info) == 0) {
    stderr_target() = log_target(journal_stream, info.st_dev, info.st_ino);
  }
}

void write_log(const LogLine& line) {
  const auto [admitted, swallowed] = repeat_filter().admit(line.text, std::chrono::steady_clock::now());
  if (!admitted) return;
  std::string text =
      log_prefix(stderr_target(), line.level, std::chrono::system_clock::now(), ::getpid()) + escape_for_log(line.text);
  if (swallowed > 0) text += " (" + std::to_string(swallowed) + " more since the last time)";
  switch (line.level) {
    case LogLine::Level::kInfo:
      LOG(INFO) << text;
      break;
    case LogLine::Level::kWarning:
      LOG(WARNING) << text;
      break;
    case LogLine::Level::kError:
      LOG(ERROR) << text;
      break;
  }
}

void log_info(std::string text) { write_log({LogLine::Level::kInfo, std::move(text)}); }
void log_warning(std::string text) { write_log({LogLine::Level::kWarning, std::move(text)}); }
void log_error(std::string text) { write_log({LogLine::Level::kError, std::move(text)}); }

}  // namespace chorale::agent
