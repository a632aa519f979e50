// What of a configuration decides the pool's routes beside the template, for coordination/policy.h. Pure.
#pragma once

#include <optional>
#include <string>

#include "agent/config/config.h"
#include "coordination/policy.h"

namespace chorale::agent {

// `framework_id`: which Marathon it is, whatever its URLs are; nullopt: not known yet. No secret is among them: they
// are readable in ZooKeeper.
[[nodiscard]] coordination::PolicyValues policy_values(const Config& config,
                                                       const std::optional<std::string>& framework_id);

}  // namespace chorale::agent
