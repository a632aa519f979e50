// Checks a promise that our own code makes to itself, in release builds too: where it is broken the process ends,
// naming the promise and the place. Never for what comes from outside: network, disk, JSON, ZooKeeper, people.
#pragma once

#include <source_location>

namespace chorale::coordination {

[[noreturn]] void end_process(const char* broken_promise, const std::source_location& where);

inline void require(bool holds, const char* promise,
                    const std::source_location& where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    end_process(promise, where);
}

}  // namespace chorale::coordination
