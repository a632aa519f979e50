// What Nginx itself says about a config file: `nginx -t`. Blocking; worker pool only.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "agent/base/process.h"
#include "agent/core/applying/applier_events.h"
#include "agent/nginx/redaction.h"

namespace chorale::agent {

// Ensures: no value that `redaction` knows is in the answer; kRefused only if Nginx ran and named an [emerg];
// everything else that went wrong is kFailed. The line is that of `named`, the file itself unless it is another one
// that it includes.
[[nodiscard]] TestFinished test_config(const std::vector<std::string>& command, const std::string& file,
                                       const std::atomic<bool>& stop, Milliseconds longest = kMaxProcessTime,
                                       const Redaction& redaction = {}, const std::string& named = {});

}  // namespace chorale::agent
