// A promise that our own code makes, checked in every build: a broken one ends the process and names its place. Never
// for what comes from outside: network, disk, JSON, ZooKeeper and people break no promise of ours.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace chorale::agent {

inline void check(bool holds, const char* promise, std::source_location place = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: broken promise: %s\n", place.file_name(), place.line(), promise);
  std::abort();
}

}  // namespace chorale::agent
