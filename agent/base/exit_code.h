// The exit codes of every verb (chorale(1)).
#pragma once

namespace chorale::agent {

inline constexpr int kExitFine = 0;
inline constexpr int kExitNo = 1;     // the answer is no; from the agent: it cannot start now, but may a moment later
inline constexpr int kExitUsage = 2;  // wrong usage or configuration
inline constexpr int kExitUnreachable = 3;  // ZooKeeper or the agent could not be reached

}  // namespace chorale::agent
