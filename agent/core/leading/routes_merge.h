// Which apps may be shown as one (render/merged_apps.h), and who gives way where that one would be another app. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "agent/core/leading/routes.h"

namespace chorale::agent {

struct SettledMerges {
  std::map<std::string, std::string> paths;  // app id -> what it is shown as
  std::vector<std::string> left_out;         // ids: an app that would take the path of apps that are served as one
  std::vector<Exclusion> exclusions;
};

// Takes the label from the apps of `state` that stay by themselves. `held`: beside its apps, each as it is served now,
// or nullptr; an app that is served keeps its path, and so do apps that are served as one. `longest`: as
// RoutePolicy::longest_server_name. REQUIRES: a label.
[[nodiscard]] SettledMerges settle_merges(render::RoutingState& state, const std::vector<const render::App*>& held,
                                          const std::string& label, std::size_t longest);

}  // namespace chorale::agent
