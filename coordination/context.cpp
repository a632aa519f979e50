#include "coordination/context.h"

#include <utility>

#include "coordination/digest.h"

namespace chorale::coordination {
void Context::send_any(const Scope& scope, Operation operation, PendingRequests::Then then) {
  const std::uint64_t request = requests_.add(scope, operation, std::move(then));
  if (link.connected) {
    effects.emplace_back(SendRequest{request, std::move(operation)});
  } else {
    unsent_.push_back(request);
  }
}

void Context::answer_unsent() {
  for (const std::uint64_t request : std::exchange(unsent_, {})) {
    reply({request, tl::unexpected(Error{ErrorKind::kConnectionLoss, "not sent: not connected to ZooKeeper"})});
  }
}

void Context::forget_requests() { requests_.forget_all(); }

void Context::reply(StoreReplied replied) {
  if (const auto then = requests_.take(replied.request)) (*then)(std::move(replied.outcome));
}

std::chrono::milliseconds Context::spread(std::chrono::milliseconds limit, std::uint64_t salt) const {
  if (limit.count() <= 0) return std::chrono::milliseconds{0};
  const std::uint64_t hash = stable_hash(options.id + "#" + std::to_string(salt));
  return std::chrono::milliseconds(static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(limit.count())));
}

}  // namespace chorale::coordination
