// The app JSON of Marathon 1.4 and earlier, made from the newer shape. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tests/marathon_simulator/version.h"

namespace chorale::marathon_simulator {

// In place: "networks" and container.portMappings become ports, docker.network, docker.portMappings and ipAddress; what
// is not set becomes an explicit null or an empty collection, as the releases before RAML wrote it.
void make_legacy_app(nlohmann::json& app, const Version& version);

}  // namespace chorale::marathon_simulator
