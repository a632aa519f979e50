// How the Applier's status becomes the report that the rest of the agent sees.
#pragma once

#include <string>

#include "agent/core/applier.h"
#include "agent/nginx/local_nginx.h"

namespace chorale::agent {

// Pure. What the shell measures itself (times) is left as it is.
[[nodiscard]] NginxReport with_status(NginxReport report, const ApplierStatus& status);

// The wall clock, for people: "2026-11-22T12:00:00.000Z".
[[nodiscard]] std::string utc_now();

}  // namespace chorale::agent
