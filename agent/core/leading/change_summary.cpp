#include "agent/core/leading/change_summary.h"

#include <string>
#include <utility>
#include <vector>

#include "render/routes_difference.h"

namespace chorale::agent {
namespace {

std::vector<std::string> first_of(std::vector<std::string> names) {
  if (names.size() > coordination::kNamesInHistory) names.resize(coordination::kNamesInHistory);
  return names;
}

}  // namespace

coordination::ChangeSummary change_summary(const render::RoutingState* before, const render::RoutingState& after) {
  static const render::RoutingState nothing;
  render::RoutesDifference difference = render::difference_of(before != nullptr ? *before : nothing, after);
  coordination::ChangeSummary summary;
  summary.what = render::difference_line(difference);
  summary.all_added = std::ssize(difference.added);
  summary.all_removed = std::ssize(difference.removed);
  summary.all_changed = std::ssize(difference.changed);
  summary.servers_added = difference.servers_added;
  summary.servers_removed = difference.servers_removed;
  for (const render::AppDifference& app : difference.changed) {
    if (summary.changed.size() == coordination::kNamesInHistory) break;
    summary.changed.push_back(app.id);
  }
  summary.added = first_of(std::move(difference.added));
  summary.removed = first_of(std::move(difference.removed));
  return summary;
}

}  // namespace chorale::agent
