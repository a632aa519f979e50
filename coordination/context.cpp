#include "coordination/context.h"

#include <cstddef>

namespace chorale::coordination {
namespace {

constexpr std::size_t kTextLimit = 1024;

}  // namespace

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

void Context::forget_requests() {
  requests_.forget_all();
  unsent_.clear();
}

void Context::reply(StoreReplied replied) {
  if (const auto then = requests_.take(replied.request)) (*then)(std::move(replied.outcome));
}

std::chrono::milliseconds Context::spread(std::chrono::milliseconds limit, std::uint64_t salt) const {
  if (limit.count() <= 0) return std::chrono::milliseconds{0};
  std::uint64_t hash = 14695981039346656037ULL ^ salt;  // FNV-1a: the same on every platform, unlike std::hash
  for (const char letter : options.id) {
    hash ^= static_cast<unsigned char>(letter);
    hash *= 1099511628211ULL;
  }
  hash ^= hash >> 29;
  return std::chrono::milliseconds(static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(limit.count())));
}

std::string shortened(std::string text) {
  if (text.size() <= kTextLimit) return text;
  std::size_t end = kTextLimit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

}  // namespace chorale::coordination
