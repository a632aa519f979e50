// The agent's log on stderr, one line per fact. Loop thread only; glog's own lines may come from any thread.
//
// As text a line is glog's: where stderr is the journal's stream, it begins with its priority and leaves time and pid
// to the journal, which knows them better; elsewhere it begins with glog's "I20261122 12:00:00.000000 4711] ", without
// a source line, which would always be the same. As JSON it is one object, after its priority in the journal, which
// takes that off; then glog's own lines, FATAL included, and the last words of a process that ends itself are objects
// too. Values from outside are escaped, so that no label can forge a line; a line that repeats is written after a
// minute with a count, and again after ever longer pauses. Secrets never get here: the code that builds a text leaves
// them out.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/types.h"

namespace chorale::agent {

// REQUIRES: called once, first thing in the daemon. Without it glog would write files and links into /tmp.
void init_log(const char* program);
// From now on lines are JSON, and name this agent. REQUIRES: once, after init_log(), before there is a second thread.
void write_json_from_now_on(const std::string& id);

// What a line may say beside its text, in JSON alone.
struct LogFacts {
  std::optional<std::int64_t> epoch;
  std::optional<std::int64_t> revision;
  std::string cause;
  std::optional<std::int64_t> apps;
  std::optional<std::int64_t> servers;
};

// When a line counts as a repetition of another, and is left out. One that says itself that it is news never does.
enum class Repeats {
  kSameText,
  kSameButNumbers,
};

void write_log(const LogLine& line, Repeats repeats = Repeats::kSameText, const LogFacts& facts = {});
void log_info(std::string text);
void log_warning(std::string text);
void log_error(std::string text);

// Why the process ends itself, where nothing of it can be trusted: no lock, no heap. Any thread.
void write_last_words(std::string_view text);

enum class LogTarget { kTerminal, kJournal };
// What stderr is: `journal_stream` is the environment's JOURNAL_STREAM, "<device>:<inode>" of what systemd connected;
// a child whose stderr goes elsewhere inherits it, hence the comparison.
[[nodiscard]] LogTarget log_target(std::string_view journal_stream, dev_t device, ino_t inode);
// What a line of text begins with, the blank after it included.
[[nodiscard]] std::string log_prefix(LogTarget target, LogLine::Level level, std::chrono::system_clock::time_point now,
                                     pid_t pid);
// {"time","level","id","message"} and the facts, on one line without its end; always UTF-8: other bytes are replaced.
[[nodiscard]] std::string json_line(LogLine::Level level, std::chrono::system_clock::time_point now,
                                    const std::string& id, const std::string& message, const LogFacts& facts = {});

// Which lines were written lately, so that a trouble that lasts an hour is not a thousand lines. A repetition is
// written after 1 minute, after 2 more, 4 more and so on; what was not heard for an hour is new.
class RepeatFilter {
 public:
  // Whether to write, and how many repetitions were left out since the last time.
  [[nodiscard]] std::pair<bool, int> admit(const std::string& text, TimePoint now);

 private:
  struct Seen {
    TimePoint written;
    TimePoint heard;
    std::chrono::minutes pause{1};
    int left_out = 0;
  };
  std::map<std::string, Seen> seen_;
};

}  // namespace chorale::agent
