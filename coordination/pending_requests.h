// The operations that were sent and not answered yet: which number belongs to whose question. Loop thread only.
//
// Numbers are never used twice, not even over handles, so that an answer of a dead handle finds no question.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordination/scope.h"
#include "coordination/store.h"

namespace chorale::coordination {

class PendingRequests {
 public:
  using Then = std::function<void(Outcome)>;

  std::uint64_t add(const Scope& scope, const Operation& operation, Then then);
  // nullopt for a request of an earlier handle, one whose scope has ended, or one that was answered before.
  [[nodiscard]] std::optional<Then> take(std::uint64_t request);
  // The handle is gone: the machines that asked are reset by the same event.
  void forget_all() { waiting_.clear(); }
  // "roster: read /chorale/agents/a", one for each whose scope has not ended.
  [[nodiscard]] std::vector<std::string> describe() const;

 private:
  struct Pending {
    std::weak_ptr<const std::string> scope;
    std::string what;
    Then then;
  };

  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Pending> waiting_;
};

}  // namespace chorale::coordination
