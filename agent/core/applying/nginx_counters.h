// What Nginx counts itself, as its stub_status page says: a value for the metrics. All since the master's start.
#pragma once

#include <cstdint>

namespace chorale::agent {

struct NginxCounters {
  std::int64_t accepted = 0;  // connections
  std::int64_t handled = 0;   // of these
  std::int64_t requests = 0;
  // Connections now.
  std::int64_t active = 0;  // all of the following
  std::int64_t reading = 0;
  std::int64_t writing = 0;
  std::int64_t waiting = 0;
  bool operator==(const NginxCounters&) const = default;
};

}  // namespace chorale::agent
