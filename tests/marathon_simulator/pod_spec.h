// Reads a pod definition as a client posts it and completes it with Marathon's defaults. Pure.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "tests/marathon_simulator/app_spec.h"

namespace chorale::marathon_simulator {

// `definition` is a JSON object; `id` fills a missing id. Ports are the endpoints of the containers, in order.
[[nodiscard]] tl::expected<AppSpec, SpecError> read_pod_spec(const std::string& definition, const std::string& id);

}  // namespace chorale::marathon_simulator
