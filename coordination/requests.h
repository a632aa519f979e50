// The operations that were sent and not answered yet: which number belongs to whose question. Loop thread only.
//
// Numbers are never used twice, not even over handles, so that an answer of a dead handle finds nobody and is dropped.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "coordination/store.h"

namespace chorale::coordination {

class Requests {
 public:
  using Continuation = std::function<void(Outcome)>;

  std::uint64_t add(Continuation continuation);
  // Nobody, if the question was asked through a handle that is gone, or was answered before.
  [[nodiscard]] std::optional<Continuation> take(std::uint64_t request);
  // The handle is gone: whoever asked is reset by the same event and must not hear of it again.
  void forget_all() { waiting_.clear(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Continuation> waiting_;
};

}  // namespace chorale::coordination
