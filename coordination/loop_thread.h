// "Loop thread only", checked: the first thread that calls is the loop's, and no other may call. For stores alone; the
// pure part knows no threads.
#pragma once

#include <thread>

#include "coordination/require.h"

namespace chorale::coordination {

class LoopThread {
 public:
  void check() {
    const std::thread::id caller = std::this_thread::get_id();
    if (id_ == std::thread::id{}) id_ = caller;
    require(id_ == caller, "only the loop thread calls a store");
  }

 private:
  std::thread::id id_;
};

}  // namespace chorale::coordination
