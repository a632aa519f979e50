#include "agent/base/log.h"

#include <glog/logging.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/base/clock.h"
#include "agent/base/one_line.h"
#include "coordination/require.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::hours kForgotten{1};
constexpr std::size_t kRememberedLines = 256;  // over that the memory is cleared: a repeat may then show early

RepeatFilter& repeat_filter() {
  static RepeatFilter filter;
  return filter;
}

// Of this process; a terminal until init_log() has looked.
LogTarget& stderr_target() {
  static LogTarget target = LogTarget::kTerminal;
  return target;
}

struct Marks {
  const char* priority;  // of syslog(3)
  const char* letter;
  const char* word;
};

Marks marks_of(LogLine::Level level) {
  switch (level) {
    case LogLine::Level::kInfo:
      return {"<6>", "I", "info"};
    case LogLine::Level::kWarning:
      return {"<4>", "W", "warning"};
    case LogLine::Level::kError:
      return {"<3>", "E", "error"};
  }
  return {"<3>", "E", "error"};
}

// What every JSON line says; set once.
struct JsonLog {
  bool on = false;
  std::string id;
  std::array<char, 512> last_words_id{};  // as JSON, with its quotes
};

JsonLog& json_log() {
  static JsonLog log;
  return log;
}

// In one piece: lines of several threads do not mix.
void write_out(std::string line) {
  line += '\n';
  const char* at = line.data();
  std::size_t left = line.size();
  while (left > 0) {
    const ssize_t written = ::write(STDERR_FILENO, at, left);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    at += written;
    left -= static_cast<std::size_t>(written);
  }
}

void write_json(LogLine::Level level, const std::string& message, const LogFacts& facts) {
  const std::string priority = stderr_target() == LogTarget::kJournal ? marks_of(level).priority : "";
  write_out(priority + json_line(level, std::chrono::system_clock::now(), json_log().id, message, facts));
}

// Lines that do not come from write_log(): glog's, and those of libraries that use it.
class JsonSink : public google::LogSink {
 public:
  void send(google::LogSeverity severity, const char* /*full_filename*/, const char* /*base_filename*/, int /*line*/,
            const google::LogMessageTime& /*time*/, const char* message, std::size_t length) override {
    const auto level = severity == google::GLOG_INFO      ? LogLine::Level::kInfo
                       : severity == google::GLOG_WARNING ? LogLine::Level::kWarning
                                                          : LogLine::Level::kError;
    fatal_ = severity == google::GLOG_FATAL;
    write_json(level, escape_for_log({message, length}), {});
  }
  // What glog does next is to write a stack as it is.
  void WaitTillSent() override {
    if (fatal_) std::abort();
  }

 private:
  std::atomic<bool> fatal_ = false;
};

// Without memory of the heap: the process cannot be trusted any more.
void write_json_last_words(std::string_view text) {
  std::array<char, 1024> message{};
  std::size_t length = 0;
  for (const char c : text) {
    if (length + 2 >= message.size()) break;
    if (c == '"' || c == '\\') message.at(length++) = '\\';
    message.at(length++) = is_control(c) || static_cast<unsigned char>(c) >= 0x80 ? '?' : c;
  }
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  std::array<char, 64> time{};
  (void)std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 2048> line{};
  const int size = std::snprintf(
      line.data(), line.size(), "%s{\"time\":\"%s.%03dZ\",\"level\":\"error\",\"id\":%s,\"message\":\"%s\"}\n",
      stderr_target() == LogTarget::kJournal ? "<3>" : "", time.data(), static_cast<int>(now.tv_nsec / 1'000'000),
      json_log().last_words_id.data(), message.data());
  if (size > 0) (void)!::write(STDERR_FILENO, line.data(), std::min(static_cast<std::size_t>(size), line.size() - 1));
}

[[noreturn]] void end_with_json() {
  std::string why = "an exception was not caught";
  try {
    if (std::current_exception()) std::rethrow_exception(std::current_exception());
  } catch (const std::exception& error) {
    why += std::string(": ") + error.what();
  } catch (...) {
    why += ", of an unknown kind";
  }
  write_json_last_words(why);
  std::abort();
}

}  // namespace

std::pair<bool, int> RepeatFilter::admit(const std::string& text, TimePoint now) {
  if (seen_.size() >= kRememberedLines) seen_.clear();
  auto [entry, fresh] = seen_.try_emplace(text, Seen{now, now, std::chrono::minutes{1}, 0});
  Seen& seen = entry->second;
  if (fresh) return {true, 0};
  if (now - seen.heard >= kForgotten) {
    seen = Seen{now, now, std::chrono::minutes{1}, 0};
    return {true, 0};
  }
  seen.heard = now;
  if (now - seen.written < seen.pause) {
    ++seen.left_out;
    return {false, 0};
  }
  seen.written = now;
  seen.pause *= 2;
  return {true, std::exchange(seen.left_out, 0)};
}

LogTarget log_target(std::string_view journal_stream, dev_t device, ino_t inode) {
  const std::string own = std::to_string(device) + ":" + std::to_string(inode);
  return journal_stream == own ? LogTarget::kJournal : LogTarget::kTerminal;
}

std::string log_prefix(LogTarget target, LogLine::Level level, std::chrono::system_clock::time_point now, pid_t pid) {
  const Marks marks = marks_of(level);
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

void write_last_words(std::string_view text) {
  if (json_log().on) return write_json_last_words(text);
  (void)!::write(STDERR_FILENO, text.data(), text.size());
  (void)!::write(STDERR_FILENO, "\n", 1);
}

// With no destination but the sink: otherwise glog would write what is no JSON to stderr, or files into /tmp.
void write_json_from_now_on(const std::string& id) {
  JsonLog& log = json_log();
  log.on = true;
  log.id = id;
  const std::string quoted = nlohmann::json(id).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  quoted.copy(log.last_words_id.data(), log.last_words_id.size() - 1);
  for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity) google::SetLogDestination(severity, "");
  FLAGS_logtostderr = false;
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  static JsonSink sink;
  google::AddLogSink(&sink);
  coordination::set_last_words(write_json_last_words);
  std::set_terminate(end_with_json);
}

std::string json_line(LogLine::Level level, std::chrono::system_clock::time_point now, const std::string& id,
                      const std::string& message, const LogFacts& facts) {
  using Json = nlohmann::ordered_json;
  Json line{{"time", format_utc(now)}, {"level", marks_of(level).word}, {"id", id}, {"message", message}};
  if (facts.epoch) line["epoch"] = *facts.epoch;
  if (facts.revision) line["revision"] = *facts.revision;
  if (!facts.cause.empty()) line["cause"] = facts.cause;
  if (facts.apps) line["apps"] = *facts.apps;
  if (facts.servers) line["servers"] = *facts.servers;
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_log(const LogLine& line, Repeats repeats, const LogFacts& facts) {
  int left_out = 0;
  if (!line.news) {
    const bool numbers_count = repeats == Repeats::kSameText;
    const auto [admitted, before] = repeat_filter().admit(
        numbers_count ? line.text : coordination::without_numbers(line.text), std::chrono::steady_clock::now());
    if (!admitted) return;
    left_out = before;
  }
  std::string message = escape_for_log(line.text);
  if (left_out > 0) message += " (" + std::to_string(left_out) + " more since the last time)";
  if (json_log().on) return write_json(line.level, message, facts);
  const std::string text =
      log_prefix(stderr_target(), line.level, std::chrono::system_clock::now(), ::getpid()) + message;
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
