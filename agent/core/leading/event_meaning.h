// What an event of Marathon means for routing, in the words of every version. Pure.
#pragma once

#include "agent/core/leading/marathon_apps.h"

namespace chorale::agent {

enum class Meaning {
  kNothing,  // counted only
  kTaskRuns,
  kTaskEnds,     // killing or over, or Marathon is about to kill it as unhealthy
  kTaskUnclear,  // unreachable, lost
  kTaskAlive,    // a health check's result flipped
  kTaskDead,
  kAppEdited,    // api_post_event: created or updated, nothing has happened to its tasks yet
  kAppEnded,     // app_terminated_event: every task is gone and the app with them
  kGroupEdited,  // names the parent group at best
  kPodEdited,    // a pod was created, updated or deleted; names none
  kUnreadable,   // something happened that cannot be read
  kDeployed,     // some deployment is over; names no app
};

// instance_changed_event means nothing for an app: each comes in a pair with a status_update_event, which all versions
// send. failed_health_check_event means nothing: a flip says more and comes once.
[[nodiscard]] Meaning meaning_of(const MarathonEvent& event);

// The same for an event that names a pod: a status_update_event is about one of an instance's containers, of which
// others may go on where it has finished; what becomes of the instance is said by its instance_changed_event.
[[nodiscard]] Meaning meaning_for_pod(const MarathonEvent& event);

}  // namespace chorale::agent
