// Short ways to write what Marathon says, for the tests of agent/core.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/leading/routes.h"

namespace chorale::agent {

inline MarathonTask task(std::string id, std::string host, std::vector<std::uint16_t> ports) {
  MarathonTask made;
  made.id = std::move(id);
  made.host = std::move(host);
  made.ports = std::move(ports);
  made.state = "TASK_RUNNING";
  made.version = "2026-11-22T12:00:00.000Z";
  made.started = true;
  return made;
}

inline MarathonTask judged(MarathonTask made, std::vector<bool> results) {
  for (const bool alive : results) made.health.push_back({alive});
  return made;
}

inline MarathonTask in_state(MarathonTask made, std::string state) {
  made.state = std::move(state);
  return made;
}

inline MarathonApp app(std::string id, std::vector<MarathonTask> tasks) {
  MarathonApp made;
  made.id = std::move(id);
  made.ports.resize(1);
  made.tasks = std::move(tasks);
  return made;
}

// `servers` running tasks named "<id>-1" and so on, each on its own address.
inline MarathonApp app_of_size(const std::string& id, int servers) {
  MarathonApp made = app(id, {});
  std::string safe_id = id.substr(1);
  std::replace(safe_id.begin(), safe_id.end(), '/', '_');
  for (int i = 1; i <= servers; ++i) {
    std::string name = safe_id + "-" + std::to_string(i);
    made.tasks.push_back(
        task(std::move(name), "10.0.0." + std::to_string(i), {static_cast<std::uint16_t>(31'000 + i)}));
  }
  return made;
}

inline MarathonApps apps(std::vector<MarathonApp> list) {
  MarathonApps made;
  for (MarathonApp& one : list) {
    std::string id = one.id;
    made.emplace(std::move(id), std::move(one));
  }
  return made;
}

inline Routes routes_of(const MarathonApps& list, const RoutePolicy& policy = {}, const ResolvedNames& names = {},
                        const render::RoutingState* served = nullptr) {
  HealthMemory memory;
  return build_routes(list, names, policy, memory, TimePoint{}, served);
}

inline render::RoutingState state_of(const MarathonApps& list) { return routes_of(list).state; }

// "/web 10.0.0.1:31001 10.0.0.2:31002 | /api ...": what a state serves on its first ports.
inline std::string summary(const render::RoutingState& state) {
  std::string text;
  for (const render::App& one : state.apps) {
    text += (text.empty() ? "" : " | ") + one.id;
    for (const render::Server& server : one.servers()) text += " " + server.address;
  }
  return text;
}

inline std::string reasons(const Routes& routes) {
  std::string text;
  for (const Exclusion& exclusion : routes.exclusions) {
    text += text_of(exclusion) + "\n";
  }
  return text;
}

}  // namespace chorale::agent
