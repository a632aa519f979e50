#include "tests/marathon_simulator/control_api.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/marathon_simulator/arguments.h"
#include "tests/marathon_simulator/clock.h"
#include "tests/marathon_simulator/rest_api.h"

namespace chorale::marathon_simulator {
namespace {

using Json = nlohmann::json;

Response refused(int status, const std::string& text) { return json_response(status, Json{{"error", text}}.dump()); }

const char* kHealthCheck =
    R"({"protocol":"HTTP","path":"/health","portIndex":0,"gracePeriodSeconds":30,"intervalSeconds":5,"timeoutSeconds":2})";

// The arguments of `create` as an app definition: "tasks" is short for "instances", "healthChecks" may be a mere
// number, "label.NAME" one label, so that a query string is enough.
Json definition_of(const Json& arguments) {
  Json definition = arguments;
  for (const char* own : {"tasks", "count"}) definition.erase(own);
  if (arguments.contains("tasks")) definition["instances"] = arguments["tasks"];
  for (const char* number : {"instances", "healthChecks"}) {
    if (!definition.contains(number) || !definition[number].is_string()) continue;
    definition[number] = std::strtol(definition[number].get<std::string>().c_str(), nullptr, 10);
  }
  if (definition.contains("healthChecks") && definition["healthChecks"].is_number_integer()) {
    const auto count = definition["healthChecks"].get<int>();
    definition["healthChecks"] = Json::array();
    for (int i = 0; i < count; ++i) definition["healthChecks"].push_back(Json::parse(kHealthCheck));
  }
  for (const auto& [key, value] : arguments.items()) {
    if (key.rfind("label.", 0) != 0) continue;
    definition["labels"][key.substr(6)] = value;
    definition.erase(key);
  }
  return definition;
}

// The same for a pod: "tasks" are its instances, "healthChecks": 1 checks its first endpoint; without containers it has
// one with one endpoint.
Json pod_definition_of(const Json& arguments) {
  Json definition = definition_of(arguments);
  const bool checked = definition.contains("healthChecks");
  definition["scaling"] = {{"kind", "fixed"}, {"instances", definition.value("instances", 1)}};
  for (const char* of_apps : {"instances", "healthChecks"}) definition.erase(of_apps);
  if (!definition.contains("containers")) {
    definition["containers"] = Json::parse(R"([{"name":"main","endpoints":[{"name":"http","hostPort":0}]}])");
  }
  if (checked) {
    auto& container = definition["containers"][0];
    const std::string endpoint = container.at("endpoints").at(0).at("name");
    container["healthCheck"] = {{"http", {{"endpoint", endpoint}, {"path", "/health"}}}};
  }
  return definition;
}

}  // namespace

Response ControlApi::handle(const Request& request) {
  const std::string command = request.path.substr(std::min<std::size_t>(9, request.path.size()));  // after "/control/"
  if (command == "stats" && request.method == "GET") {
    const auto since = std::strtoull(request.parameter("since").value_or("0").c_str(), nullptr, 10);
    const auto& hub = controlled_.hub;
    return json_response(200, controlled_.stats.json(hub.open_streams(), hub.events_sent(), hub.slow_closed(),
                                                     controlled_.marathon.deployments().size(), since));
  }
  if (command == "tasks" && request.method == "GET") return tasks(request.parameter("app").value_or(""));
  if (command == "faults" && request.method == "GET") {
    Json list = Json::array();
    for (const auto& fault : controlled_.faults.list()) {
      list.push_back({{"id", fault.id},
                      {"kind", fault.kind},
                      {"path", fault.path},
                      {"mode", fault.mode_name},
                      {"remaining", fault.remaining}});
    }
    return json_response(200, list.dump());
  }
  if (request.method != "POST") return refused(405, "control commands are POSTed");
  const auto arguments = Arguments::read(request);
  if (!arguments) return refused(400, arguments.error());
  return dispatch(command, *arguments);
}

// As /v2/apps/{id}/tasks, but not counted, not authenticated and out of the faults' reach.
Response ControlApi::tasks(const std::string& app_id) const {
  const App* app = controlled_.marathon.find_app(normalise_id(app_id));
  if (app == nullptr) return refused(404, "no such app");
  std::vector<std::string> list;
  for (const auto& task : app->tasks) list.push_back(task_json(*task, Version{}, {}));
  return json_response(200, tasks_json(list));
}

Response ControlApi::dispatch(const std::string& command, const Arguments& arguments) {
  if (command == "create" || command == "create_pod") return create(arguments, command == "create_pod");
  if (command == "scale" || command == "destroy" || command == "restart" || command == "update") {
    return edit(command, arguments);
  }
  if (command == "kill") return kill(arguments);
  if (command == "health") return health(arguments);
  if (command == "state") return state(arguments);
  if (command == "fault") return fault(arguments);
  if (command == "event") return event(arguments);
  if (command == "stop") return stop(arguments);
  if (command == "settings") return settings(arguments);
  if (command == "lose_health_results") {
    controlled_.marathon.lose_health_results();
    controlled_.hub.close_all(false);
  } else if (command == "drop_streams") {
    controlled_.hub.close_all(arguments.flag("reset", false));
  } else if (command == "clear_faults") {
    const auto id = arguments.number("id", 0);
    controlled_.faults.clear(id == 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(id)));
  } else if (command == "raw") {
    controlled_.hub.publish_raw(arguments.text("text", ""));
  } else if (command == "start") {
    if (const auto port = controlled_.server.resume(); !port) return refused(500, port.error());
  } else if (command == "leader") {
    controlled_.hub.close_all(false);
    controlled_.follow(arguments.text("url", "none"));
  } else if (command == "revoke_tokens") {
    controlled_.revoke_tokens();
  } else if (command == "callbacks") {
    if (!controlled_.call_through(arguments.text("proxy", ""))) return refused(422, "proxy: not a URL with an address");
  } else if (command == "stats/reset") {
    controlled_.stats.reset();
    controlled_.hub.reset_counters();
  } else {
    return refused(404, "no such control command: " + command);
  }
  return done("", "");
}

Response ControlApi::create(const Arguments& arguments, bool pod) {
  const auto count = std::max<std::int64_t>(1, arguments.number("count", 1));
  const auto base = pod ? pod_definition_of(arguments.json()) : definition_of(arguments.json());
  const std::string id = arguments.text("id", "");
  std::string deployment;
  for (std::int64_t i = 1; i <= count; ++i) {
    const std::string this_id = normalise_id(count == 1 ? id : id + "-" + std::to_string(i));
    const auto created = controlled_.marathon.create(base.dump(), this_id, {"127.0.0.1", "/v2/apps"}, pod);
    if (!created) return refused(created.error().status, created.error().message);
    deployment = *created;
  }
  return done("deployment", deployment);
}

Response ControlApi::edit(const std::string& command, const Arguments& arguments) {
  auto& marathon = controlled_.marathon;
  const auto id = normalise_id(arguments.text("id", ""));
  const Origin origin{"127.0.0.1", "/v2/apps/" + id};
  const auto result = [&]() -> SimulatedMarathon::Result {
    if (command == "destroy") return marathon.destroy(id, true);
    if (command == "restart") return marathon.restart(id, true);
    if (command == "update") return marathon.update(id, definition_of(arguments.json()).dump(), origin, true);
    const auto instances = arguments.number("instances", arguments.number("tasks", -1));
    return marathon.scale(id, static_cast<int>(instances), origin, true);
  }();
  return result ? done("deployment", *result) : refused(result.error().status, result.error().message);
}

// {"task": id}, or {"app": id} for all of its tasks, or {"app": id, "index": n} by age, or {"host": name}.
std::vector<std::string> ControlApi::chosen_tasks(const Arguments& arguments) const {
  if (arguments.has("task")) return {arguments.text("task", "")};
  const auto app_id = arguments.has("app") ? normalise_id(arguments.text("app", "")) : "";
  const auto host = arguments.text("host", "");
  if (app_id.empty() && host.empty()) return {};
  std::vector<std::string> tasks;
  for (const auto& [id, app] : controlled_.marathon.apps()) {
    if (!app_id.empty() && id != app_id) continue;
    for (const auto& task : app->tasks) {
      if (!task->dying && (host.empty() || task->slave.name == host)) tasks.push_back(task->id);
    }
  }
  const auto index = arguments.number("index", -1);
  if (index < 0) return tasks;
  if (static_cast<std::size_t>(index) >= tasks.size()) return {};
  return {tasks[static_cast<std::size_t>(index)]};
}

Response ControlApi::kill(const Arguments& arguments) {
  Kill how;
  how.abrupt = arguments.flag("abrupt", false);
  how.scale = arguments.flag("scale", false);
  how.drain = arguments.duration("drain");
  how.end = how.abrupt ? TaskState::kFailed : TaskState::kKilled;
  if (arguments.has("state") && !parse_task_state(arguments.text("state", ""), how.end)) {
    return refused(400, "unknown state; for example TASK_LOST");
  }
  if (!is_terminal(how.end)) return refused(400, "a kill ends in a terminal state; see the state command");
  std::vector<std::string> killed;
  for (const auto& id : chosen_tasks(arguments)) {
    if (controlled_.marathon.kill(id, how)) killed.push_back(id);
  }
  return done_tasks(killed);
}

Response ControlApi::health(const Arguments& arguments) {
  std::vector<std::string> changed;
  const bool alive = arguments.flag("alive", true);
  for (const auto& id : chosen_tasks(arguments)) {
    if (controlled_.marathon.set_health(id, alive, arguments.flag("kill", false))) changed.push_back(id);
  }
  return done_tasks(changed);
}

Response ControlApi::state(const Arguments& arguments) {
  TaskState state{};
  if (!parse_task_state(arguments.text("state", ""), state)) return refused(400, "unknown state");
  std::vector<std::string> changed;
  for (const auto& id : chosen_tasks(arguments)) {
    if (controlled_.marathon.set_state(id, state)) changed.push_back(id);
  }
  return done_tasks(changed);
}

Response ControlApi::fault(const Arguments& arguments) {
  Fault fault;
  fault.kind = arguments.text("kind", "all");
  fault.path = arguments.text("path", "");
  fault.mode_name = arguments.text("mode", "status");
  const auto mode = parse_fault_mode(fault.mode_name);
  if (!mode) return refused(400, "unknown mode " + fault.mode_name);
  fault.mode = *mode;
  fault.status = static_cast<int>(arguments.number("status", 500));
  fault.html = arguments.text("body", "html") != "json";
  fault.bytes_per_second =
      static_cast<std::size_t>(std::max<std::int64_t>(1, arguments.number("bytes_per_second", 100)));
  fault.fraction = std::clamp(arguments.real("fraction", 0.5), 0.0, 1.0);
  fault.remaining = arguments.number("count", -1);
  const auto id = controlled_.faults.add(std::move(fault));
  return id ? done("fault", std::to_string(*id)) : refused(400, id.error());
}

// Any event, `count` times: for storms and for types that the simulator has no cause for.
Response ControlApi::event(const Arguments& arguments) {
  const std::string type = arguments.text("type", "");
  if (type.empty()) return refused(400, "an event needs a type");
  Json data = arguments.json().value("data", Json::object());
  if (!data.is_object()) return refused(400, "data is a JSON object");
  data["eventType"] = type;
  for (std::int64_t i = std::max<std::int64_t>(1, arguments.number("count", 1)); i > 0; --i) {
    data["timestamp"] = iso_now();
    controlled_.publish({type, data.dump()});
  }
  return done("", "");
}

Response ControlApi::stop(const Arguments& arguments) {
  controlled_.server.stop();
  controlled_.hub.close_all(true);
  if (const auto duration = arguments.duration("duration")) {
    controlled_.after(*duration, [this] { (void)controlled_.server.resume(); });
  }
  return done("", "");
}

Response ControlApi::settings(const Arguments& arguments) {
  auto& settings = controlled_.marathon.settings();
  settings.step_delay = arguments.duration("step_delay").value_or(settings.step_delay);
  settings.health_delay = arguments.duration("health_delay").value_or(settings.health_delay);
  settings.drain = arguments.duration("drain").value_or(settings.drain);
  settings.task_killing = arguments.flag("task_killing", settings.task_killing);
  if (const auto heartbeat = arguments.duration("heartbeat")) controlled_.hub.set_heartbeat(*heartbeat);
  return done("", "");
}

Response ControlApi::done(const std::string& key, const std::string& value) const {
  Json body{{"ok", true}, {"monotonic_ns", monotonic_ns()}, {"change", controlled_.stats.last_change()}};
  if (!key.empty()) body[key] = value;
  return json_response(200, body.dump());
}

Response ControlApi::done_tasks(const std::vector<std::string>& tasks) const {
  if (tasks.empty()) return refused(404, "no such task, or nothing to change in it");
  return json_response(
      200,
      Json{
          {"ok", true}, {"monotonic_ns", monotonic_ns()}, {"change", controlled_.stats.last_change()}, {"tasks", tasks}}
          .dump());
}

}  // namespace chorale::marathon_simulator
