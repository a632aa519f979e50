// Nginx's own counters as metrics: read at a request, kept nowhere. Pure.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "agent/core/applying/nginx_counters.h"

namespace chorale::agent {

[[nodiscard]] std::vector<prometheus::MetricFamily> nginx_metrics(const NginxCounters& counters);

}  // namespace chorale::agent
