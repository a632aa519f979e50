#include "agent/base/check.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace chorale::agent {

void check_failed(const char* file, int line, const char* what) {
  const std::string text = "chorale: " + std::string(file) + ":" + std::to_string(line) + ": " + what + "\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  std::abort();
}

}  // namespace chorale::agent
