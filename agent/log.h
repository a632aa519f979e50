// The agent's log: glog on stderr, one line a fact. Loop thread only.
//
// Values from outside are escaped, so that no label can forge a line; a line that repeats is written once a minute with
// a count. Secrets never get here: whoever builds a text leaves them out.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/types.h"

namespace chorale::agent {

// REQUIRES: called once, first thing in the daemon. Without it glog would write files and links into /tmp.
void init_log(const char* program);

void write_log(const LogLine& line);
void log_info(std::string text);
void log_warning(std::string text);
void log_error(std::string text);

// Control characters as \n, \t, \xNN.
[[nodiscard]] std::string escape_for_log(std::string_view text);

}  // namespace chorale::agent
