// What happened in a run, one line each; written only on request, since it costs more than the run itself.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "schedule.h"

namespace chorale::coordination::simulation {

class Trace {
 public:
  Trace(const Schedule& schedule, bool on) : schedule_(schedule), on_(on) {}

  [[nodiscard]] bool on() const { return on_; }
  void add(const std::string& who, const std::string& what) {
    if (!on_) return;
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(schedule_.now() - began_);
    char time[32];
    std::snprintf(time, sizeof time, "%8.3f s  ", static_cast<double>(passed.count()) / 1000.0);
    lines_.push_back(time + who + ": " + what);
  }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  const Schedule& schedule_;
  bool on_;
  TimePoint began_ = schedule_.now();
  std::vector<std::string> lines_;
};

}  // namespace chorale::coordination::simulation
