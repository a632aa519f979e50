#include "tests/marathon_simulator/rest_api.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace chorale::marathon_simulator {
namespace {

constexpr std::size_t kPrefix = 8;  // "/v2/apps"

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool asks_for_tasks(const Request& request) {
  const auto embeds = request.parameters("embed");
  return std::any_of(embeds.begin(), embeds.end(), [](const std::string& embed) {
    return embed == "tasks" || embed == "apps.tasks" || embed == "app.tasks" || embed == "group.apps.tasks";
  });
}

bool contains_ignoring_case(const std::string& text, const std::string& part) {
  return lower(text).find(lower(part)) != std::string::npos;
}

Response error_response(const SpecError& error) { return json_response(error.status, message_json(error.message)); }

Response deployed(int status, const std::string& version, const std::string& deployment) {
  const nlohmann::json body{{"version", version}, {"deploymentId", deployment}};
  auto response = json_response(status, body.dump());
  response.set("Marathon-Deployment-Id", deployment);
  return response;
}

bool forced(const Request& request) { return request.parameter("force").value_or("") == "true"; }

}  // namespace

std::string normalise_id(const std::string& id) {
  const auto first = id.find_first_not_of('/');
  if (first == std::string::npos) return "/";
  const auto last = id.find_last_not_of('/');
  return "/" + id.substr(first, last - first + 1);
}

RestApi::RestApi(const Version& version, std::string framework_id, SimulatedMarathon& marathon)
    : version_(version), framework_id_(std::move(framework_id)), marathon_(marathon), listing_(version) {}

void RestApi::warm_up() {
  for (const auto& [id, app] : marathon_.apps()) (void)listing_.text(*app, true);
}

Response RestApi::handle(const Request& request) {
  const auto& path = request.path;
  const bool read = request.method == "GET" || request.method == "HEAD";
  if (path == "/ping" && read) return ping(request);
  if (path == "/v2/info" && read) return json_response(200, info_json(version_, framework_id_, leader_, true));
  if (path == "/v2/leader" && read) return json_response(200, nlohmann::json{{"leader", leader_}}.dump());
  if (path == "/v2/deployments" && read) return json_response(200, deployments_json(marathon_.deployments()));
  if (path == "/v2/tasks" && read) return list_tasks(request, "");
  if (path == "/v2/apps" || path == "/v2/apps/") {
    if (read) return list_apps(request);
    if (request.method == "POST") return write_app(request, "");
    return html_error(405, "Method Not Allowed");
  }
  if (path.rfind("/v2/apps/", 0) == 0) return below_apps(request);
  if (path.rfind("/v2/pods", 0) == 0) return below_pods(request);
  // A resource that does not exist is a server error in Marathon's newer releases, not a 404.
  return json_response(500, message_json("URI not found: " + path));
}

Response RestApi::ping(const Request& request) const {
  const auto accept = request.header("accept");
  if (accept.find("application/json") != std::string::npos) return json_response(200, "\"pong\"");
  const bool text =
      accept.empty() || accept.find("text/") != std::string::npos || accept.find("*/*") != std::string::npos;
  Response response;
  if (!text && version_ >= kInstances) {
    response.status = 204;
    return response;
  }
  response.set("Content-Type", "text/plain");
  response.body = version_ >= kInstances ? "pong" : "pong\n";
  return response;
}

Response RestApi::list_apps(const Request& request) {
  const bool tasks = asks_for_tasks(request);
  const auto id = request.parameter("id");
  std::string body = R"({"apps":[)";
  for (const auto& [app_id, app] : marathon_.apps()) {
    if (app->spec.pod || (id && !contains_ignoring_case(app_id, *id))) continue;
    if (body.back() != '[') body += ',';
    body += listing_.text(*app, tasks);
  }
  body += "]}";
  return json_response(200, std::move(body));
}

Response RestApi::one_app(const Request& request, const std::string& id) {
  if (ends_with(request.path, "/*")) {
    const std::string group = normalise_id(id.substr(0, id.size() - 1)) + "/";
    std::string body = R"({"*":[)";
    for (const auto& [app_id, app] : marathon_.apps()) {
      if (app->spec.pod || app_id.rfind(group, 0) != 0) continue;
      if (body.back() != '[') body += ',';
      body += listing_.text(*app, true);
    }
    return json_response(200, body + "]}");
  }
  const App* app = find_app(id);
  if (app == nullptr) return json_response(404, message_json("App '" + id + "' does not exist"));
  return json_response(200, R"({"app":)" + listing_.text(*app, true) + "}");
}

Response RestApi::list_tasks(const Request& request, const std::string& app_id) const {
  if (!app_id.empty() && find_app(app_id) == nullptr) {
    return json_response(404, message_json("App '" + app_id + "' does not exist"));
  }
  auto statuses = request.parameters("status");
  for (auto& status : request.parameters("status[]")) statuses.push_back(status);
  const auto wanted = [&](const Task& task) {
    const bool staging = std::count(statuses.begin(), statuses.end(), "staging") != 0;
    const bool running = std::count(statuses.begin(), statuses.end(), "running") != 0;
    if (!staging && !running) return true;
    return (running && task.state == TaskState::kRunning) || (staging && task.state == TaskState::kStaging);
  };
  std::vector<std::string> tasks;
  for (const auto& [id, app] : marathon_.apps()) {
    if (app->spec.pod || (!app_id.empty() && id != app_id)) continue;
    std::vector<int> service_ports;
    if (app_id.empty()) {
      for (const auto& port : app->spec.ports) service_ports.push_back(port.service_port);
    }
    for (const auto& task : app->tasks) {
      if (wanted(*task)) tasks.push_back(task_json(*task, version_, service_ports));
    }
  }
  return json_response(200, tasks_json(tasks));
}

Response RestApi::below_apps(const Request& request) {
  const std::string rest = request.path.substr(kPrefix);
  const bool read = request.method == "GET" || request.method == "HEAD";
  if (ends_with(rest, "/restart") && request.method == "POST") {
    const auto id = normalise_id(rest.substr(0, rest.size() - 8));
    const auto done = marathon_.restart(id, forced(request));
    return done ? deployed(200, find_app(id)->version, *done) : error_response(done.error());
  }
  if (ends_with(rest, "/tasks")) {
    const auto id = normalise_id(rest.substr(0, rest.size() - 6));
    if (read) return list_tasks(request, id);
    if (request.method == "DELETE") return kill_tasks(request, id, "");
  }
  const auto tasks = rest.rfind("/tasks/");
  if (tasks != std::string::npos && request.method == "DELETE") {
    return kill_tasks(request, normalise_id(rest.substr(0, tasks)), rest.substr(tasks + 7));
  }
  const auto id = normalise_id(rest);
  return read ? one_app(request, id) : write_app(request, id);
}

Response RestApi::write_app(const Request& request, const std::string& id) {
  const Origin origin{request.remote_address, request.target};
  if (request.method == "DELETE") {
    const auto done = marathon_.destroy(id, forced(request));
    if (!done) return error_response(done.error());
    listing_.forget(id);
    for (const auto& deployment : marathon_.deployments()) {
      if (deployment.id == *done) return deployed(200, deployment.version, *done);
    }
    return deployed(200, "", *done);
  }
  if (request.method == "PUT" || request.method == "PATCH") {
    const bool exists = find_app(id) != nullptr;
    const auto done = marathon_.update(id, request.body, origin, forced(request));
    return done ? deployed(exists ? 200 : 201, find_app(id)->version, *done) : error_response(done.error());
  }
  if (request.method != "POST" || !id.empty()) return html_error(405, "Method Not Allowed");
  const auto done = marathon_.create(request.body, "", origin);
  if (!done) return error_response(done.error());
  const auto posted = nlohmann::json::parse(request.body, nullptr, false);
  const auto created = normalise_id(posted.value("id", ""));
  const App* app = find_app(created);
  auto response = json_response(201, app == nullptr ? "{}" : listing_.text(*app, true));
  response.set("Location", "/v2/apps/" + created);
  response.set("Marathon-Deployment-Id", *done);
  return response;
}

Response RestApi::kill_tasks(const Request& request, const std::string& app_id, const std::string& task_id) {
  const App* app = find_app(app_id);
  if (app == nullptr) return json_response(404, message_json("App '" + app_id + "' does not exist"));
  Kill how;
  how.scale = request.parameter("scale").value_or("") == "true";
  std::vector<std::string> ids;
  std::vector<std::string> killed;
  for (const auto& task : app->tasks) {
    if (task_id.empty() || task->id == task_id) ids.push_back(task->id);
  }
  if (!task_id.empty() && ids.empty()) return json_response(404, message_json("Task '" + task_id + "' does not exist"));
  for (const auto& task : app->tasks) {
    if (std::count(ids.begin(), ids.end(), task->id) != 0) killed.push_back(task_json(*task, version_, {}));
  }
  for (const auto& id : ids) marathon_.kill(id, how);
  if (!task_id.empty()) return json_response(200, R"({"task":)" + killed.front() + "}");
  return json_response(200, tasks_json(killed));
}

}  // namespace chorale::marathon_simulator
