#include "coordination/requests.h"

#include <utility>

namespace chorale::coordination {

std::uint64_t Requests::add(Continuation continuation) {
  waiting_.emplace(++last_, std::move(continuation));
  return last_;
}

std::optional<Requests::Continuation> Requests::take(std::uint64_t request) {
  const auto found = waiting_.find(request);
  if (found == waiting_.end()) return std::nullopt;
  Continuation continuation = std::move(found->second);
  waiting_.erase(found);
  return continuation;
}

}  // namespace chorale::coordination
