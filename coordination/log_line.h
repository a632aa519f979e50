// One line for the log, decided by pure code: a transition (info), degraded but serving (warning), an operator must act
// (error). The loop that writes it escapes and rate-limits it.
#pragma once

#include <string>

namespace chorale::coordination {

struct LogLine {
  enum class Level { kInfo, kWarning, kError };
  Level level = Level::kInfo;
  std::string text;
};

}  // namespace chorale::coordination
