// What Nginx itself says about a config file: `nginx -t`. Blocking; worker pool only.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "agent/base/process.h"
#include "agent/core/applying/applier_events.h"

namespace chorale::agent {

// Ensures: kRefused only if Nginx ran and named an [emerg]; everything else that went wrong is kFailed.
[[nodiscard]] TestFinished test_config(const std::vector<std::string>& command, const std::string& file,
                                       const std::atomic<bool>& stop, Milliseconds longest = kMaxProcessTime);

}  // namespace chorale::agent
