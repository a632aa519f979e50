// What a new routing state has otherwise than the committed one, as the history keeps it. Pure.
#pragma once

#include "coordination/history_document.h"
#include "render/routing_state.h"

namespace chorale::agent {

// `before`: nullptr: nothing is committed. Linear in the number of apps: for a worker.
[[nodiscard]] coordination::ChangeSummary change_summary(const render::RoutingState* before,
                                                         const render::RoutingState& after);

}  // namespace chorale::agent
