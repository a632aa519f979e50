#include "tests/marathon_simulator/app_spec.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace chorale::marathon_simulator {
namespace {

using Json = nlohmann::json;

template <typename T>
T value_or(const Json& object, const char* key, T fallback) {
  const auto found = object.find(key);
  if (found == object.end()) return fallback;
  if constexpr (std::is_same_v<T, std::string>) {
    return found->is_string() ? found->template get<std::string>() : fallback;
  } else {
    return found->is_number() ? found->template get<T>() : fallback;
  }
}

bool good_id(const std::string& id) {
  if (id.size() < 2 || id.front() != '/' || id.back() == '/' || id.find("//") != std::string::npos) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
  });
}

void set_default(Json& app, const char* key, Json fallback) {
  if (!app.contains(key) || app.at(key).is_null()) app[key] = std::move(fallback);
}

// The older shapes: docker.network, docker.portMappings, "ports".
void modernise(Json& app) {
  if (app.contains("container") && app["container"].is_object()) {
    auto& container = app["container"];
    if (container.contains("docker") && container["docker"].is_object()) {
      auto& docker = container["docker"];
      const std::string network = value_or<std::string>(docker, "network", "");
      if (!app.contains("networks") && network == "BRIDGE") {
        app["networks"] = Json::array({Json{{"mode", "container/bridge"}}});
      }
      if (!app.contains("networks") && network == "USER") {
        app["networks"] = Json::array({Json{{"mode", "container"}, {"name", "default"}}});
      }
      if (docker.contains("portMappings") && !container.contains("portMappings")) {
        container["portMappings"] = docker["portMappings"];
      }
      docker.erase("network");
      docker.erase("portMappings");
    }
  }
  if (app.contains("ports") && app["ports"].is_array() && !app.contains("portDefinitions")) {
    Json definitions = Json::array();
    for (const auto& port : app["ports"]) {
      definitions.push_back({{"port", port.is_number_integer() ? port : Json(0)}, {"protocol", "tcp"}});
    }
    app["portDefinitions"] = std::move(definitions);
  }
  app.erase("ports");
  app.erase("uris");
}

void complete_health_check(Json& check) {
  if (!check.is_object()) check = Json::object();
  set_default(check, "protocol", "HTTP");
  if (check["protocol"] == "HTTP" || check["protocol"] == "MESOS_HTTP") set_default(check, "path", "/");
  if (!check.contains("port")) set_default(check, "portIndex", 0);
  set_default(check, "gracePeriodSeconds", 300);
  set_default(check, "intervalSeconds", 60);
  set_default(check, "timeoutSeconds", 20);
  set_default(check, "maxConsecutiveFailures", 3);
  set_default(check, "delaySeconds", 15);
  set_default(check, "ignoreHttp1xx", false);
}

void complete(Json& app) {
  set_default(app, "acceptedResourceRoles", Json::array({"*"}));
  set_default(app, "backoffFactor", 1.15);
  set_default(app, "backoffSeconds", 1);
  set_default(app, "cpus", 0.1);
  set_default(app, "disk", 0);
  set_default(app, "executor", "");
  set_default(app, "gpus", 0);
  set_default(app, "instances", 1);
  set_default(app, "killSelection", "YOUNGEST_FIRST");
  set_default(app, "labels", Json::object());
  set_default(app, "maxLaunchDelaySeconds", 300);
  set_default(app, "mem", 128);
  set_default(app, "networks", Json::array({Json{{"mode", "host"}}}));
  set_default(app, "unreachableStrategy", Json{{"inactiveAfterSeconds", 0}, {"expungeAfterSeconds", 0}});
  set_default(app, "upgradeStrategy", Json{{"maximumOverCapacity", 1}, {"minimumHealthCapacity", 1}});
  if (!app.contains("cmd") && !app.contains("container") && !app.contains("args")) app["cmd"] = "sleep 3600";
  for (const char* key : {"args", "constraints", "dependencies", "env", "fetch", "healthChecks"}) {
    if (app.contains(key) && (app[key].is_null() || app[key].empty())) app.erase(key);
  }
  if (app.contains("healthChecks") && app["healthChecks"].is_array()) {
    for (auto& check : app["healthChecks"]) complete_health_check(check);
  }
}

NetworkMode mode_of(const Json& app) {
  const auto& networks = app.at("networks");
  if (!networks.is_array() || networks.empty() || !networks[0].is_object()) return NetworkMode::kHost;
  const auto mode = value_or<std::string>(networks[0], "mode", "container");
  if (mode == "host") return NetworkMode::kHost;
  return mode == "container/bridge" ? NetworkMode::kBridge : NetworkMode::kContainer;
}

bool speaks_udp(const Json& port) {
  return value_or<std::string>(port, "protocol", "tcp").find("udp") != std::string::npos;
}

void complete_host_ports(Json& app, AppSpec& spec, const std::function<int()>& service_port) {
  set_default(app, "requirePorts", false);
  set_default(app, "portDefinitions", Json::array({Json{{"port", 0}, {"protocol", "tcp"}}}));
  if (app.contains("container") && app["container"].is_object()) app["container"].erase("portMappings");
  for (auto& definition : app["portDefinitions"]) {
    if (!definition.is_object()) definition = Json::object();
    set_default(definition, "labels", Json::object());
    set_default(definition, "protocol", "tcp");
    PortSpec port;
    port.service_port = value_or<int>(definition, "port", 0);
    port.udp = speaks_udp(definition);
    if (port.service_port == 0) definition["port"] = port.service_port = service_port();
    spec.ports.push_back(port);
  }
}

void complete_mappings(Json& app, AppSpec& spec, const std::function<int()>& service_port) {
  app.erase("portDefinitions");
  app.erase("requirePorts");
  auto& container = app["container"];
  if (!container.is_object()) container = Json::object();
  set_default(container, "type", "DOCKER");
  set_default(container, "volumes", Json::array());
  set_default(container, "portMappings", Json::array());
  for (auto& mapping : container["portMappings"]) {
    if (!mapping.is_object()) mapping = Json::object();
    set_default(mapping, "containerPort", 0);
    set_default(mapping, "labels", Json::object());
    set_default(mapping, "protocol", "tcp");
    if (spec.network == NetworkMode::kBridge) set_default(mapping, "hostPort", 0);
    if (mapping.contains("hostPort") && mapping["hostPort"].is_null()) mapping.erase("hostPort");
    PortSpec port;
    port.has_host_port = mapping.contains("hostPort");
    port.container_port = value_or<int>(mapping, "containerPort", 0);
    port.service_port = value_or<int>(mapping, "servicePort", 0);
    port.udp = speaks_udp(mapping);
    if (port.service_port == 0) mapping["servicePort"] = port.service_port = service_port();
    spec.ports.push_back(port);
  }
}

tl::expected<Json, SpecError> parse_object(const std::string& text) {
  auto json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return tl::make_unexpected(SpecError{400, "Invalid JSON"});
  if (!json.is_object()) return tl::make_unexpected(SpecError{422, "Object is not valid: an app is a JSON object"});
  return json;
}

}  // namespace

tl::expected<AppSpec, SpecError> read_app_spec(const std::string& definition, const std::string& id,
                                               const std::function<int()>& service_port) {
  auto parsed = parse_object(definition);
  if (!parsed) return tl::make_unexpected(parsed.error());
  auto& app = *parsed;
  AppSpec spec;
  spec.id = id.empty() ? value_or<std::string>(app, "id", "") : id;
  if (!spec.id.empty() && spec.id.front() != '/') spec.id.insert(spec.id.begin(), '/');
  if (!good_id(spec.id)) return tl::make_unexpected(SpecError{422, "Object is not valid: id \"" + spec.id + "\""});
  app["id"] = spec.id;
  for (const char* computed : {"tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "deployments",
                               "version", "versionInfo", "lastTaskFailure"}) {
    app.erase(computed);
  }
  for (const char* key : {"labels", "env"}) {
    if (app.contains(key) && !app[key].is_null() && !app[key].is_object()) {
      return tl::make_unexpected(SpecError{422, std::string("Object is not valid: ") + key + " must be an object"});
    }
  }
  for (const char* key : {"healthChecks", "networks", "portDefinitions"}) {
    if (app.contains(key) && !app[key].is_null() && !app[key].is_array()) {
      return tl::make_unexpected(SpecError{422, std::string("Object is not valid: ") + key + " must be an array"});
    }
  }
  if (app.contains("labels") && app["labels"].is_object()) {
    for (const auto& label : app["labels"]) {
      if (!label.is_string()) return tl::make_unexpected(SpecError{422, "Object is not valid: a label is a string"});
    }
  }
  modernise(app);
  complete(app);
  spec.instances = value_or<int>(app, "instances", -1);
  if (spec.instances < 0) return tl::make_unexpected(SpecError{422, "Object is not valid: instances"});
  spec.network = mode_of(app);
  if (spec.network == NetworkMode::kHost) {
    complete_host_ports(app, spec, service_port);
  } else {
    complete_mappings(app, spec, service_port);
  }
  if (app.contains("healthChecks")) {
    for (const auto& check : app["healthChecks"]) spec.health_checks.push_back(check.dump());
  }
  spec.definition = app.dump(-1, ' ', false, Json::error_handler_t::replace);
  return spec;
}

tl::expected<std::string, SpecError> merge_definitions(const std::string& base, const std::string& change) {
  auto merged = parse_object(base);
  auto over = parse_object(change);
  if (!merged) return tl::make_unexpected(merged.error());
  if (!over) return tl::make_unexpected(over.error());
  merged->update(*over);
  return merged->dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool only_instances_differ(const std::string& left, const std::string& right) {
  auto first = parse_object(left);
  auto second = parse_object(right);
  if (!first || !second) return false;
  for (const char* key : {"instances", "scaling"}) {
    first->erase(key);
    second->erase(key);
  }
  return *first == *second;
}

std::string with_instances(const std::string& definition, int instances) {
  auto app = parse_object(definition);
  if (!app) return definition;
  if (app->contains("scaling")) {
    (*app)["scaling"]["instances"] = instances;
  } else {
    (*app)["instances"] = instances;
  }
  return app->dump();
}

}  // namespace chorale::marathon_simulator
