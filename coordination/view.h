// What one agent knows of the cluster without asking, and what its machines are doing. Pure.
#pragma once

#include "coordination/description.h"
#include "coordination/effects.h"
#include "coordination/machines.h"

namespace chorale::coordination {

[[nodiscard]] ViewChanged make_view(const Machines& machines);
[[nodiscard]] bool same_view(const ViewChanged& left, const ViewChanged& right);
[[nodiscard]] Description describe(const Machines& machines);

}  // namespace chorale::coordination
