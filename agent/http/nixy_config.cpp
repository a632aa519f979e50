#include "agent/http/nixy_config.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

namespace chorale::agent {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }

// A value's text, moved right by `columns` (its first line stands after a key already).
std::string indented(const std::string& text, std::size_t columns) {
  std::string result;
  result.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    result += c;
    if (c == '\n') result.append(columns, ' ');
  }
  return result;
}

template <class List>
Json list_or_null(List list) {
  return list.empty() ? Json(nullptr) : Json(std::move(list));
}

Json labels_json(const std::map<std::string, std::string>& labels) {
  Json object = Json::object();
  for (const auto& [key, value] : labels) object[key] = value;
  return object;
}

// In Nixy a task has all its ports; in the routing state a port has all its tasks.
struct Task {
  const render::Server* server = nullptr;
  std::vector<std::uint16_t> ports;
  std::vector<std::int32_t> service_ports;
};

std::vector<Task> tasks_of(const render::App& app) {
  std::vector<Task> tasks;
  std::map<std::string, std::size_t> places;
  for (const render::Port& port : app.ports) {
    for (const render::Server& server : port.servers) {
      const auto [place, added] = places.emplace(server.task_id, tasks.size());
      if (added) tasks.push_back(Task{&server, {}, {}});
      tasks[place->second].ports.push_back(server.port);
      tasks[place->second].service_ports.push_back(port.service_port);
    }
  }
  return tasks;
}

Json task_json(const render::App& app, const Task& task) {
  return Json{{"AppID", app.id},
              {"Host", task.server->host},
              {"ID", task.server->task_id},
              {"Ports", list_or_null(task.ports)},
              {"ServicePorts", list_or_null(task.service_ports)},
              {"SlaveID", ""},
              {"StagedAt", ""},
              {"StartedAt", ""},
              {"State", "TASK_RUNNING"},
              {"Version", task.server->version},
              {"Labels", nullptr}};
}

Json app_json(const render::App& app) {
  Json tasks = Json::array();
  for (const Task& task : tasks_of(app)) tasks.push_back(task_json(app, task));
  Json definitions = Json::array();
  for (const render::Port& port : app.ports) {
    definitions.push_back(Json{{"Port", port.service_port},
                               {"Protocol", port.protocol},
                               {"Name", port.name},
                               {"Labels", labels_json(port.labels)}});
  }
  // HostPort as most definitions say it: 0, any. The real ones are the tasks'.
  Json mappings = Json::array();
  for (const render::Port& port : app.ports) {
    if (port.container_port == 0) continue;
    mappings.push_back(Json{{"ContainerPort", port.container_port},
                            {"HostPort", 0},
                            {"Labels", labels_json(port.labels)},
                            {"Protocol", port.protocol},
                            {"ServicePort", port.service_port}});
  }
  Json checks = nullptr;
  if (!app.health_path.empty()) checks = Json::array({Json{{"Path", app.health_path}}});
  return Json{{"Tasks", list_or_null(std::move(tasks))},
              {"Labels", labels_json(app.labels)},
              {"Env", labels_json(app.env)},
              {"Hosts", list_or_null(app.hosts)},
              {"PortDefinitions", list_or_null(std::move(definitions))},
              {"HealthChecks", std::move(checks)},
              {"Container", Json{{"PortMappings", list_or_null(std::move(mappings))}}}};
}

// Written app by app: one ordered object of ten thousand keys would be searched from the front for each of them.
std::string apps_text(const render::RoutingState& routes) {
  std::string text = "{";
  for (const render::App& app : routes.apps) {
    text += text.size() > 1 ? ",\n    " : "\n    ";
    text += dump(Json(app.id)) + ": " + indented(dump(app_json(app)), 4);
  }
  return text + "\n  }";
}

}  // namespace

std::string nixy_config_json(const std::string& xproxy, const std::string& realm, const StatsdConfig& statsd,
                             const AppliedTimes& times, const render::RoutingState* routes) {
  const Json head{
      {"Xproxy", xproxy},
      {"Realm", realm},
      {"Statsd", Json{{"Addr", statsd.address}, {"Namespace", statsd.name_space}, {"SampleRate", statsd.sample_rate}}},
      {"LastUpdates", Json{{"LastSync", times.last_sync},
                           {"LastConfigRendered", times.last_config_rendered},
                           {"LastConfigValid", times.last_config_valid},
                           {"LastNginxReload", times.last_nginx_reload}}}};
  std::string text = dump(head);
  text.erase(text.size() - 2);  // "\n}"
  return text + ",\n  \"Apps\": " + (routes == nullptr ? "null" : apps_text(*routes)) + "\n}\n";
}

}  // namespace chorale::agent
