// What one agent knows of the cluster without asking, put together from the machines. Pure.
#pragma once

#include "coordination/effects.h"
#include "coordination/leader.h"
#include "coordination/pointer.h"
#include "coordination/roster.h"
#include "coordination/session.h"
#include "coordination/tree.h"

namespace chorale::coordination {

[[nodiscard]] ViewChanged make_view(const Context& context, const Session& session, const Tree& tree,
                                    const Roster& roster, const Pointer& pointer, const Leader& leader,
                                    const Follower& follower);
[[nodiscard]] bool same_view(const ViewChanged& left, const ViewChanged& right);

}  // namespace chorale::coordination
