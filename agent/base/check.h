// What must hold or this program is wrong: checked in release builds, too, and pure code may use it.
//
// For our own mistakes only. What the network, a disk, JSON, ZooKeeper or a person did is an error value, never a
// check.
#pragma once

namespace chorale::agent {

// Writes "FILE:LINE: what" to stderr and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* what);

}  // namespace chorale::agent

// `what` says what must hold.
#define CHORALE_CHECK(condition, what) \
  ((condition) ? static_cast<void>(0) : ::chorale::agent::check_failed(__FILE__, __LINE__, what))
