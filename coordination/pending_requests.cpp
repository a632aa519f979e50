#include "coordination/pending_requests.h"

#include <utility>

namespace chorale::coordination {

std::uint64_t PendingRequests::add(const Scope& scope, const Operation& operation, Then then) {
  waiting_.emplace(++last_, Pending{scope.name(), to_text(operation), std::move(then)});
  return last_;
}

std::optional<PendingRequests::Then> PendingRequests::take(std::uint64_t request) {
  auto found = waiting_.extract(request);
  if (found.empty() || found.mapped().scope.expired()) return std::nullopt;
  return std::move(found.mapped().then);
}

std::vector<std::string> PendingRequests::describe() const {
  std::vector<std::string> requests;
  for (const auto& [number, pending] : waiting_) {
    if (const auto scope = pending.scope.lock()) requests.push_back(*scope + ": " + pending.what);
  }
  return requests;
}

}  // namespace chorale::coordination
