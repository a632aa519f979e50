#include "render/merged_apps.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <tuple>
#include <vector>

#include "render/allow_list.h"
#include "render/app_labels.h"

namespace chorale::render {
namespace {

using Members = std::vector<const App*>;  // by id

void add_hosts(std::vector<std::string>& hosts, const std::vector<std::string>& more) {
  for (const std::string& host : more) {
    if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(host);
  }
}

// One address is one server: that of the lowest id.
void add_servers(std::vector<Server>& servers, const std::vector<Server>& more) {
  for (const Server& server : more) {
    const auto same = [&](const Server& one) { return one.address == server.address; };
    if (std::none_of(servers.begin(), servers.end(), same)) servers.push_back(server);
  }
  std::sort(servers.begin(), servers.end(), [](const Server& a, const Server& b) {
    return std::tie(a.address, a.task_id) < std::tie(b.address, b.task_id);
  });
}

// Main ports meet each other. Where another port's index is that of the main one, it goes behind all others.
void add_port(App& merged, Port port, bool is_main) {
  if (is_main) {
    port.index = merged.main_port;
  } else if (port.index == merged.main_port) {
    port.index = merged.ports.back().index + 1;
  }
  const auto at = std::lower_bound(merged.ports.begin(), merged.ports.end(), port.index,
                                   [](const Port& one, std::int32_t index) { return one.index < index; });
  if (at == merged.ports.end() || at->index != port.index) {
    merged.ports.insert(at, std::move(port));
    return;
  }
  add_hosts(at->hosts, port.hosts);
  add_servers(at->servers, port.servers);
}

App merge(const std::string& path, const Members& members) {
  App merged = *members.front();
  merged.path = path;
  merged.name = upstream_name(path);
  for (const App* member : members) {
    const auto allow = member->labels.find(kAllowLabel);
    if (allow != member->labels.end() && allow->second == kAllowNobody) merged.labels[kAllowLabel] = kAllowNobody;
    if (member == members.front()) continue;
    add_hosts(merged.hosts, member->hosts);
    for (const Port& port : member->ports) add_port(merged, port, port.index == member->main_port);
    merged.labels.insert(member->labels.begin(), member->labels.end());
    merged.env.insert(member->env.begin(), member->env.end());
    if (merged.health_path.empty()) merged.health_path = member->health_path;
  }
  return merged;
}

}  // namespace

tl::expected<std::string, Error> merged_path(std::string_view value) {
  std::string path = (value.starts_with('/') ? "" : "/") + std::string(value);
  if (auto wrong = refuse_app_id(path)) return tl::unexpected(std::move(*wrong));
  if (auto wrong = refuse_upstream_name(upstream_name(path))) return tl::unexpected(std::move(*wrong));
  return path;
}

std::optional<std::string> merged_path_of(const App& app, const std::string& label) {
  const auto found = app.labels.find(label);
  if (found == app.labels.end()) return std::nullopt;
  auto path = merged_path(found->second);
  return path ? std::optional(std::move(*path)) : std::nullopt;
}

RoutingState merged_by_label(const RoutingState& state, const std::string& label) {
  if (label.empty()) return state;
  std::map<std::string, Members> groups;          // by path
  std::vector<std::optional<std::string>> paths;  // beside the apps
  for (const App& app : state.apps) {
    paths.push_back(merged_path_of(app, label));
    if (paths.back()) groups[*paths.back()].push_back(&app);
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (paths[i] != state.apps[i].id) groups.erase(state.apps[i].id);
  }
  RoutingState merged{state.realm, {}};
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const App& app = state.apps[i];
    const auto& path = paths[i];
    const auto group = path ? groups.find(*path) : groups.end();
    if (group == groups.end()) {
      merged.apps.push_back(app);
    } else if (group->second.front() == &app) {
      merged.apps.push_back(merge(*path, group->second));
    }
  }
  return merged;
}

}  // namespace chorale::render
