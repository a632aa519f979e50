// A member of a class that says "Loop thread only": its entry points call check().
//
// The thread of the first check is the loop's; a constructor does not count, since it may run before the loop does. For
// shells: the pure part knows no threads.
#pragma once

#include <atomic>
#include <thread>

#include "coordination/require.h"

namespace chorale::coordination {

class LoopThread {
 public:
  void check() const {
    const std::thread::id here = std::this_thread::get_id();
    std::thread::id first;
    const bool is_first = thread_.compare_exchange_strong(first, here);
    require(is_first || first == here, "called on the loop's thread");
  }

 private:
  mutable std::atomic<std::thread::id> thread_{};
};

}  // namespace chorale::coordination
