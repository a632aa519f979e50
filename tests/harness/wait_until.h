// Waiting for a condition with a deadline: the only way in which tests wait.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace chorale::testing {

// Returns whether the condition held before the deadline. It is asked every 1 to 20 ms, and once more at the end.
template <class Condition>
[[nodiscard]] bool wait_until(Condition condition, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  std::chrono::milliseconds pause{1};
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds{20});
  }
  return condition();
}

}  // namespace chorale::testing
