// A seed's whole story: a time of faults, then calm; what broke, if anything did.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chorale::coordination::simulation {

struct Result {
  std::optional<std::string> failure;
  std::vector<std::string> trace;  // empty unless asked for
  // So that a test can see that something happened at all.
  std::int64_t state_changes = 0;
  std::int64_t commits = 0;
  std::chrono::milliseconds to_settle{0};  // from the last fault on
};

[[nodiscard]] Result simulate(std::uint64_t seed, bool traced);

}  // namespace chorale::coordination::simulation
