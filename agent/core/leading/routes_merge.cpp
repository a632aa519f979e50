#include "agent/core/leading/routes_merge.h"

#include <algorithm>
#include <cstddef>

#include "agent/base/one_line.h"
#include "agent/core/leading/routes_hosts.h"
#include "render/allow_list.h"
#include "render/merged_apps.h"

namespace chorale::agent {
namespace {

Exclusion by_itself(const std::string& app, const std::string& label, const std::string& why) {
  return {app, "", "is served by itself: its label " + one_line(label) + " " + why, Exclusion::Kind::kReduced};
}

}  // namespace

SettledMerges settle_merges(render::RoutingState& state, const std::vector<const render::App*>& held,
                            const std::string& label, std::size_t longest) {
  SettledMerges settled;
  std::map<std::string, std::vector<std::size_t>> groups;  // by path
  for (std::size_t i = 0; i < state.apps.size(); ++i) {
    render::App& app = state.apps[i];
    const auto value = app.labels.find(label);
    if (value == app.labels.end()) continue;
    const auto path = render::merged_path(value->second);
    const std::size_t bytes = path ? render::stand_in_host(render::upstream_name(*path)).size() : 0;
    if (path && (longest == 0 || bytes <= longest)) {
      groups[*path].push_back(i);
      continue;
    }
    settled.exclusions.push_back(by_itself(app.id, label, path ? too_long(bytes, longest) : path.error().message));
    app.labels.erase(value);
  }
  for (std::size_t i = 0; i < state.apps.size(); ++i) {
    const std::string& id = state.apps[i].id;
    const auto group = groups.find(id);
    if (group == groups.end() || std::find(group->second.begin(), group->second.end(), i) != group->second.end()) {
      continue;
    }
    const bool was_one = std::any_of(group->second.begin(), group->second.end(), [&](std::size_t member) {
      return held[member] != nullptr && render::merged_path_of(*held[member], label) == id;
    });
    if (was_one && held[i] == nullptr) {
      settled.left_out.push_back(id);
      settled.exclusions.push_back(
          {id, "", "other apps are served as one by its id: label " + one_line(label), Exclusion::Kind::kOther});
      continue;
    }
    for (const std::size_t member : group->second) {
      render::App& app = state.apps[member];
      settled.exclusions.push_back(by_itself(app.id, label, "would make it " + id + ", which is another app"));
      app.labels.erase(label);
    }
    groups.erase(group);
  }
  for (const auto& [path, members] : groups) {
    for (const std::size_t member : members) settled.paths.emplace(state.apps[member].id, path);
  }
  return settled;
}

}  // namespace chorale::agent
