// process_*: memory, CPU time and descriptors of this process, read from /proc/self when scraped.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace chorale::agent {

// What cannot be read is left out, never shown as 0.
[[nodiscard]] std::vector<prometheus::MetricFamily> collect_process_metrics();

}  // namespace chorale::agent
