// GET /: the cluster on one page for people, without script. Pure; everything from outside is escaped.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/core/health.h"
#include "coordination/cluster_reader.h"

namespace chorale::agent {

[[nodiscard]] std::string status_page(const std::string& version, const HealthInputs& health,
                                      const tl::expected<coordination::ClusterSnapshot, coordination::Error>& cluster);
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace chorale::agent
