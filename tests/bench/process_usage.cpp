#include "tests/bench/process_usage.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace chorale::bench {

double cpu_seconds(pid_t pid) {
  std::ifstream stream("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(stream, line)) return 0.0;
  // The name in parentheses may hold blanks; what follows it does not.
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::int64_t resident_bytes(pid_t pid) {
  std::ifstream stream("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  while (stream >> word) {
    if (word != "VmRSS:") continue;
    std::int64_t kilobytes = 0;
    stream >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

}  // namespace chorale::bench
