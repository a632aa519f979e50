// The cluster as `chorale status` prints it. Pure.
#pragma once

#include <string>

#include "coordination/cluster_reader.h"

namespace chorale::agent {

[[nodiscard]] std::string status_text(const coordination::ClusterSnapshot& snapshot);

}  // namespace chorale::agent
