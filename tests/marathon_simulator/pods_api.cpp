// Marathon's resources below /v2/pods, 1.4 and later.
#include <nlohmann/json.hpp>

#include "tests/marathon_simulator/pod_shapes.h"
#include "tests/marathon_simulator/rest_api.h"

namespace chorale::marathon_simulator {
namespace {

constexpr std::size_t kPrefixBytes = 8;  // "/v2/pods"

Response no_pod(const std::string& id) { return json_response(404, message_json("Pod '" + id + "' does not exist")); }

}  // namespace

const App* RestApi::find_pod(const std::string& id) const {
  const App* app = marathon_.find_app(id);
  return app != nullptr && app->spec.pod ? app : nullptr;
}

const App* RestApi::find_app(const std::string& id) const {
  const App* app = marathon_.find_app(id);
  return app != nullptr && !app->spec.pod ? app : nullptr;
}

Response RestApi::list_pods(bool status) const {
  std::string body = "[";
  for (const auto& [id, app] : marathon_.apps()) {
    if (!app->spec.pod) continue;
    if (body.back() != '[') body += ',';
    body += status ? pod_status_json(*app) : pod_json(*app);
  }
  return json_response(200, body + "]");
}

Response RestApi::below_pods(const Request& request) {
  const bool read = request.method == "GET" || request.method == "HEAD";
  if (version_ < kInstances) return json_response(404, message_json("URI not found: " + request.path));
  std::string rest = request.path.substr(kPrefixBytes);
  const auto suffix = rest.find("::");
  const std::string part = suffix == std::string::npos ? "" : rest.substr(suffix);
  rest.resize(rest.size() - part.size());
  const bool all = rest.empty() || rest == "/";
  if (all && read) return list_pods(part == "::status");
  const Origin origin{request.remote_address, request.target};
  if (all) {
    if (request.method != "POST") return html_error(405, "Method Not Allowed");
    const auto done = marathon_.create(request.body, "", origin, true);
    if (!done) return json_response(done.error().status, message_json(done.error().message));
    const auto id = nlohmann::json::parse(request.body).value("id", "");
    return json_response(201, pod_json(*find_pod(id)));
  }
  const std::string id = normalise_id(rest);
  const App* pod = find_pod(id);
  if (pod == nullptr) return no_pod(id);
  if (read) return json_response(200, part == "::status" ? pod_status_json(*pod) : pod_json(*pod));
  constexpr std::string_view kInstance = "::instances/";
  if (request.method == "DELETE" && part.rfind(kInstance, 0) == 0) {
    const bool killed = marathon_.kill(part.substr(kInstance.size()), {});
    return killed ? json_response(200, "{}") : json_response(404, message_json("no such instance"));
  }
  const bool force = request.parameter("force").value_or("") == "true";
  const auto done =
      request.method == "DELETE" ? marathon_.destroy(id, force) : marathon_.update(id, request.body, origin, force);
  if (!done) return json_response(done.error().status, message_json(done.error().message));
  if (request.method == "DELETE") return json_response(202, "");
  return json_response(200, pod_json(*find_pod(id)));
}

}  // namespace chorale::marathon_simulator
