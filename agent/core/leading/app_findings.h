// What Marathon answers to whoever asks about one app: agent/marathon/app_inquiry asks. Plain values.
#pragma once

#include <optional>
#include <string>

#include "agent/core/leading/routes.h"

namespace chorale::agent {

struct AppFindings {
  std::string endpoint;            // that answered
  std::optional<MarathonApp> app;  // nullopt: it has no app and no pod of this id
  MarathonApps all;                // where they were asked for, and where there is no such app
  ResolvedNames names;             // of the hosts of its tasks; with `all`, of everybody's
  int requests = 0;                // that it took
};

}  // namespace chorale::agent
