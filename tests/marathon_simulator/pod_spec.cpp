#include "tests/marathon_simulator/pod_spec.h"

#include <nlohmann/json.hpp>

namespace chorale::marathon_simulator {
namespace {

using Json = nlohmann::json;

void default_to(Json& object, const char* key, Json fallback) {
  if (!object.contains(key) || object.at(key).is_null()) object[key] = std::move(fallback);
}

std::string text_of(const Json& object, const char* key) {
  return object.contains(key) && object.at(key).is_string() ? object.at(key).get<std::string>() : std::string();
}

NetworkMode network_of(const Json& pod) {
  const std::string mode = text_of(pod.at("networks").at(0), "mode");
  if (mode == "host") return NetworkMode::kHost;
  return mode == "container/bridge" ? NetworkMode::kBridge : NetworkMode::kContainer;
}

// False: in the slave's network every endpoint has to ask for a port there.
bool read_endpoint(Json& endpoint, AppSpec& spec, PodContainer& container) {
  default_to(endpoint, "protocol", Json::array({"tcp"}));
  default_to(endpoint, "labels", Json::object());
  if (spec.network == NetworkMode::kBridge) default_to(endpoint, "hostPort", 0);
  PortSpec port;
  port.has_host_port = endpoint.contains("hostPort");
  port.container_port = endpoint.value("containerPort", 0);
  spec.ports.push_back(port);
  container.endpoints.push_back(text_of(endpoint, "name"));
  return port.has_host_port || spec.network == NetworkMode::kContainer;
}

void read_check(const Json& check, AppSpec& spec, PodContainer& container) {
  container.check = static_cast<int>(spec.health_checks.size());
  for (const char* kind : {"http", "tcp"}) {
    if (check.contains(kind)) container.check_endpoint = text_of(check.at(kind), "endpoint");
  }
  spec.health_checks.push_back(check.dump());
}

}  // namespace

tl::expected<AppSpec, SpecError> read_pod_spec(const std::string& definition, const std::string& id) {
  auto pod = Json::parse(definition, nullptr, false);
  if (pod.is_discarded()) return tl::make_unexpected(SpecError{400, "Invalid JSON"});
  AppSpec spec;
  spec.pod = true;
  spec.id = id.empty() ? text_of(pod, "id") : id;
  if (spec.id.size() < 2 || spec.id.front() != '/') {
    return tl::make_unexpected(SpecError{422, "Object is not valid: id \"" + spec.id + "\""});
  }
  pod["id"] = spec.id;
  default_to(pod, "labels", Json::object());
  default_to(pod, "networks", Json::array({Json{{"mode", "host"}}}));
  default_to(pod, "scaling", Json{{"kind", "fixed"}, {"instances", 1}});
  default_to(pod, "containers", Json::array());
  if (pod["containers"].empty()) return tl::make_unexpected(SpecError{422, "Object is not valid: containers"});
  spec.network = network_of(pod);
  spec.instances = pod["scaling"].value("instances", 1);
  for (auto& described : pod["containers"]) {
    default_to(described, "endpoints", Json::array());
    default_to(described, "resources", Json{{"cpus", 0.1}, {"mem", 32}});
    PodContainer container;
    container.name = text_of(described, "name");
    for (auto& endpoint : described["endpoints"]) {
      if (!read_endpoint(endpoint, spec, container)) {
        return tl::make_unexpected(SpecError{422, "Object is not valid: hostPort is required in host mode"});
      }
    }
    if (described.contains("healthCheck")) read_check(described.at("healthCheck"), spec, container);
    spec.containers.push_back(std::move(container));
  }
  spec.definition = pod.dump(-1, ' ', false, Json::error_handler_t::replace);
  return spec;
}

}  // namespace chorale::marathon_simulator
