// The status document of a pod (Marathon 1.4 and later). Pure.
#pragma once

#include <string>

#include "tests/marathon_simulator/model.h"

namespace chorale::marathon_simulator {

[[nodiscard]] std::string pod_status_json(const App& pod);
[[nodiscard]] std::string pod_json(const App& pod);

}  // namespace chorale::marathon_simulator
