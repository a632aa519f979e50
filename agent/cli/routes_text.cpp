#include "agent/cli/routes_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "agent/cli/table.h"

namespace chorale::agent {
namespace {

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? std::string() : std::string(separator)) + part;
  return text.empty() ? "-" : text;
}

std::string addresses(const std::vector<render::Server>& servers) {
  std::vector<std::string> texts;
  texts.reserve(servers.size());
  for (const render::Server& server : servers) texts.push_back(server.address);
  return joined(texts, " ");
}

std::string health_word(render::Health health) { return health == render::Health::kAlive ? "alive" : "unknown"; }

}  // namespace

std::string routes_text(const render::RoutingState& routes) {
  std::vector<std::vector<std::string>> rows{{"APP", "HOSTS", "SERVERS"}};
  for (const render::App& app : routes.apps) {
    rows.push_back({app.id, joined(app.hosts, ","), addresses(app.servers())});
  }
  return table(rows);
}

std::string app_text(const render::App& app) {
  std::string text = "app     " + safe(app.id) + "\n";
  if (!app.name.empty()) text += "name    " + safe(app.name) + "\n";
  if (!app.path.empty()) text += "path    " + safe(app.path) + "\n";
  text += "hosts   " + safe(joined(app.hosts, ", ")) + "\n";
  if (!app.health_path.empty()) text += "health  " + safe(app.health_path) + "\n";
  for (const auto& [name, value] : app.labels) text += "label   " + safe(name) + " = " + safe(value) + "\n";
  for (const auto& [name, value] : app.env) text += "env     " + safe(name) + " = " + safe(value) + "\n";

  std::vector<std::vector<std::string>> rows{{"PORT", "SERVER", "HEALTH", "VERSION", "TASK"}};
  for (const render::Port& port : app.ports) {
    std::string label = std::to_string(port.index) + (port.name.empty() ? "" : " " + port.name);
    label += " " + port.protocol + (port.service_port > 0 ? " " + std::to_string(port.service_port) : "");
    for (const render::Server& server : port.servers) {
      rows.push_back({label, server.address, health_word(server.health), server.version, server.task_id});
    }
  }
  return text + "\n" + table(rows);
}

const render::App* find_app(const render::RoutingState& routes, const std::string& id) {
  const std::string wanted = id.starts_with('/') ? id : "/" + id;
  const auto found =
      std::find_if(routes.apps.begin(), routes.apps.end(), [&](const render::App& app) { return app.id == wanted; });
  return found == routes.apps.end() ? nullptr : &*found;
}

}  // namespace chorale::agent
