#include "tests/marathon_simulator/legacy_shapes.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace chorale::marathon_simulator {
namespace {

using Json = nlohmann::json;

void host_ports(Json& app, const Version& version) {
  Json ports = Json::array();
  for (const auto& definition : app.at("portDefinitions")) ports.push_back(definition.at("port"));
  app["ports"] = std::move(ports);
  if (version < kPortDefinitions) app.erase("portDefinitions");
}

void docker_ports(Json& app, const char* network, const Version& version) {
  auto& container = app["container"];
  auto mappings = container.value("portMappings", Json::array());
  container.erase("portMappings");
  Json ports = Json::array();
  Json definitions = Json::array();
  for (auto& mapping : mappings) {
    const auto service_port = mapping.value("servicePort", 0);
    ports.push_back(service_port);
    definitions.push_back({{"port", service_port}, {"protocol", "tcp"}, {"labels", Json::object()}});
    if (version < Version{1, 2, 0} && !mapping.contains("hostPort")) mapping["hostPort"] = 0;
  }
  auto& docker = container["docker"];
  if (!docker.is_object()) docker = {{"image", "nginx"}};
  docker["network"] = network;
  docker["portMappings"] = std::move(mappings);
  docker["privileged"] = false;
  docker["parameters"] = Json::array();
  docker["forcePullImage"] = false;
  if (std::string(network) == "USER") {
    // No ports, portDefinitions or requirePorts beside an ipAddress.
    app["ipAddress"] = {{"groups", Json::array()}, {"labels", Json::object()}, {"networkName", "default"}};
    return;
  }
  app["ports"] = std::move(ports);
  app["requirePorts"] = false;
  if (version >= kPortDefinitions) app["portDefinitions"] = std::move(definitions);
}

}  // namespace

void make_legacy_app(Json& app, const Version& version) {
  const std::string mode = app.at("networks").at(0).value("mode", "host");
  if (mode == "host") {
    host_ports(app, version);
  } else {
    docker_ports(app, mode == "container/bridge" ? "BRIDGE" : "USER", version);
  }
  app.erase("networks");
  for (const char* newer : {"unreachableStrategy", "killSelection", "gpus"}) app.erase(newer);
  for (const char* list : {"constraints", "dependencies", "healthChecks", "readinessChecks", "uris", "fetch"}) {
    if (!app.contains(list)) app[list] = Json::array();
  }
  if (!app.contains("env")) app["env"] = Json::object();
  for (const char* optional : {"cmd", "args", "user", "container", "ipAddress", "residency", "acceptedResourceRoles",
                               "taskKillGracePeriodSeconds"}) {
    if (!app.contains(optional)) app[optional] = nullptr;
  }
  app["storeUrls"] = Json::array();
}

}  // namespace chorale::marathon_simulator
