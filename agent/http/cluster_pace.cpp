#include "agent/http/cluster_pace.h"

#include <algorithm>
#include <utility>

namespace chorale::agent {

bool ClusterPace::tick(const coordination::ViewChanged& view, bool was_ever_read) {
  ++since_read_;
  Known known{view.committed ? std::optional(view.committed->identity) : std::nullopt, view.leader, view.agents,
              view.missing_members};
  const bool is_settled = known == seen_;
  seen_ = std::move(known);
  const int crowd = std::max(1, static_cast<int>(seen_.agents.size()) / kFewAgents);
  const bool is_news = is_settled && seen_ != read_for_ && since_read_ >= kAtMostEvery * crowd;
  if (was_ever_read && !is_news && since_read_ < kAtLeastEvery * crowd) return false;
  read_for_ = seen_;
  since_read_ = 0;
  return true;
}

}  // namespace chorale::agent
