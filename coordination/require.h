// Checks a promise that our own code makes to itself, in release builds too: where it is broken the process ends,
// naming the promise and the place. Never for what comes from outside: network, disk, JSON, ZooKeeper, people.
#pragma once

#include <string_view>

namespace chorale::coordination {

// Who writes why the process ends; by default it goes to stderr as it is. It is called once, on any thread, and must
// not rest on anything of the process. REQUIRES: before there is a second thread.
using LastWords = void (*)(std::string_view text);
void set_last_words(LastWords words);

[[noreturn]] void end_process(const char* broken_promise, const char* file, int line, const char* function);

// The place is the caller's. (std::source_location would be the word, but clang-tidy 14 cannot read it.)
inline void require(bool holds, const char* promise, const char* file = __builtin_FILE(), int line = __builtin_LINE(),
                    const char* function = __builtin_FUNCTION()) {
  if (!holds) [[unlikely]] {
    end_process(promise, file, line, function);
  }
}

}  // namespace chorale::coordination
