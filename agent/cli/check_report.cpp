#include "agent/cli/check_report.h"

#include "agent/cli/cli.h"
#include "agent/cli/table.h"

namespace chorale::agent {

void CheckReport::fail(const std::string& what, const std::string& detail, int exit_code) {
  if (exit_code_ == kExitFine || exit_code_ == kExitUnreachable) exit_code_ = exit_code;
  line("fail", what, detail);
}

void CheckReport::line(const char* verdict, const std::string& what, const std::string& detail) {
  output_ << verdict << "  " << what << ": " << safe(detail) << "\n";
}

}  // namespace chorale::agent
