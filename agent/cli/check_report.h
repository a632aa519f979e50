// What `chorale check` found: one line each, and the exit code that follows from all of them.
#pragma once

#include <ostream>
#include <string>

namespace chorale::agent {

class CheckReport {
 public:
  explicit CheckReport(std::ostream& output) : output_(output) {}

  void ok(const std::string& what, const std::string& detail) { line("ok  ", what, detail); }
  void warn(const std::string& what, const std::string& detail) { line("warn", what, detail); }
  // The first failure decides the exit code; 1 or 2 goes before 3 (unreachable).
  void fail(const std::string& what, const std::string& detail, int exit_code);

  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  void line(const char* verdict, const std::string& what, const std::string& detail);

  std::ostream& output_;
  int exit_code_ = 0;
};

}  // namespace chorale::agent
