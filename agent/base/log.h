// The agent's log: glog on stderr, one line per fact. Loop thread only.
//
// Where stderr is the journal's stream, a line begins with its priority and leaves time and pid to the journal, which
// knows them better; elsewhere it begins with glog's "I20261122 12:00:00.000000 4711] ", without a source line, which
// would always be the same.
// Values from outside are escaped, so that no label can forge a line; a line that repeats is written once a minute with
// a count. Secrets never get here: the code that builds a text leaves them out.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>

#include "agent/base/types.h"

namespace chorale::agent {

// REQUIRES: called once, first thing in the daemon. Without it glog would write files and links into /tmp.
void init_log(const char* program);

void write_log(const LogLine& line);
void log_info(std::string text);
void log_warning(std::string text);
void log_error(std::string text);

enum class LogTarget { kTerminal, kJournal };
// What stderr is: `journal_stream` is the environment's JOURNAL_STREAM, "<device>:<inode>" of what systemd connected;
// a child whose stderr goes elsewhere inherits it, hence the comparison.
[[nodiscard]] LogTarget log_target(std::string_view journal_stream, dev_t device, ino_t inode);
// What a line begins with, the blank after it included.
[[nodiscard]] std::string log_prefix(LogTarget target, LogLine::Level level, std::chrono::system_clock::time_point now,
                                     pid_t pid);

}  // namespace chorale::agent
