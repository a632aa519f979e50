// How the Applier's status becomes the report that the rest of the agent sees.
#pragma once

#include "agent/core/applying/applier.h"
#include "agent/nginx/local_nginx.h"

namespace chorale::agent {

// Pure. What the shell measures itself (times) is left as it is.
[[nodiscard]] NginxReport with_status(NginxReport report, const ApplierStatus& status);

}  // namespace chorale::agent
