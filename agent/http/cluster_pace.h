// When the cluster is read though nobody asks, so that a page which is opened while ZooKeeper is away can show what was
// there before. Pure.
//
// Soon after something has changed, once it has settled: while it changes others are behind for a moment, and that is
// no picture to keep. Rarely else: N agents read N agents each, so the more there are, the rarer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordination/effects.h"

namespace chorale::agent {

class ClusterPace {
 public:
  static constexpr int kAtLeastEvery = 10;  // ticks, while nothing is known to have changed
  static constexpr int kAtMostEvery = 3;    // ticks, for changes
  static constexpr int kFewAgents = 10;     // of so many; of twice as many it takes twice as long

  // Called once a second with what this agent knows without reading. True: read now.
  [[nodiscard]] bool tick(const coordination::ViewChanged& view, bool was_ever_read);

 private:
  struct Known {
    std::optional<coordination::Identity> committed;
    std::string leader;
    std::vector<std::string> agents;
    std::vector<std::string> missing_members;
    bool operator==(const Known&) const = default;
  };
  Known seen_;          // at the last tick
  Known read_for_;      // when it was read last
  int since_read_ = 0;  // ticks
};

}  // namespace chorale::agent
