// What Nginx says of a draft of its configuration, or of one file of it. Blocking; worker pool only.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "agent/nginx/config_test.h"
#include "agent/nginx/locations.h"
#include "agent/nginx/main_config.h"

namespace chorale::agent {

struct DraftTest {
  std::vector<std::string> command;
  DraftPlace place;  // `main` empty: the draft is a whole configuration
  Milliseconds longest = kMaxProcessTime;
  Redaction redaction{};
  // Of the Nginx that is to listen where the draft says: a port that another program holds is a refusal, too
  // (held_ports.h). nullopt: that is not looked at.
  std::optional<NginxLocations> running{};
};
// As test_config; the line is the draft's. What was written for it is gone again.
[[nodiscard]] TestFinished test_draft(const DraftTest& test, const std::atomic<bool>& stop);

}  // namespace chorale::agent
