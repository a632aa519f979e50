// What the status of a pod's instances means for its tasks: states, ports and health. Pure.
#pragma once

#include "agent/marathon/app_draft.h"

namespace chorale::agent {

// Fills app.tasks from instances. REQUIRES: one instance for each task; the network is known.
void settle_instances(AppDraft& draft);

}  // namespace chorale::agent
