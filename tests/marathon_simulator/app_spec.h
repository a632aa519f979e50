// Reads an app definition as a client posts it and completes it with Marathon's defaults. Pure.
#pragma once

#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "tests/marathon_simulator/model.h"

namespace chorale::marathon_simulator {

struct SpecError {
  int status;  // 400 malformed, 422 understood but refused
  std::string message;
};

// `definition` is a JSON object; `id` fills a missing id. Both eras are accepted (1.5's "networks" and the older
// "ports", docker.network, docker.portMappings) and kept in the newer shape. `service_port` hands out the ports asked
// for as 0.
[[nodiscard]] tl::expected<AppSpec, SpecError> read_app_spec(const std::string& definition, const std::string& id,
                                                             const std::function<int()>& service_port);

// `change` over `base`, both JSON objects, as PUT merges them: the top-level keys of `change` replace those of `base`.
[[nodiscard]] tl::expected<std::string, SpecError> merge_definitions(const std::string& base,
                                                                     const std::string& change);

// Whether the only difference is the number of instances, so that running tasks stay.
[[nodiscard]] bool only_instances_differ(const std::string& left, const std::string& right);

// The definition with another number of instances.
[[nodiscard]] std::string with_instances(const std::string& definition, int instances);

}  // namespace chorale::marathon_simulator
