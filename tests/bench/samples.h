// Figures of a benchmark: what was sampled, and its p50, p99 and maximum. A value.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace chorale::bench {

class Samples {
 public:
  void add(std::chrono::duration<double> took) { seconds_.push_back(took.count()); }

  [[nodiscard]] std::size_t count() const { return seconds_.size(); }
  // The smallest sample that at least `share` of all samples do not exceed. 0 without samples.
  [[nodiscard]] double quantile(double share) const {
    if (seconds_.empty()) return 0.0;
    std::vector<double> sorted = seconds_;
    std::sort(sorted.begin(), sorted.end());
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5);
    return sorted[std::min(rank, sorted.size() - 1)];
  }
  [[nodiscard]] double max() const { return quantile(1.0); }

 private:
  std::vector<double> seconds_;
};

}  // namespace chorale::bench
