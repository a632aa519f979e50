#include "coordination/mirror.h"

#include <algorithm>

namespace chorale::coordination {

void Mirror::reset() {
  scope_.end();
  stale_ = true;
  looking_ = false;
  not_before_ = context_.now;
}

void Mirror::suspect(std::chrono::milliseconds delay) {
  stale_ = true;
  not_before_ = std::max(not_before_, context_.now + delay);
}

bool Mirror::may_look() const { return context_.link.connected && !looking_ && context_.now >= not_before_; }

bool Mirror::due() const {
  return may_look() && (stale_ || context_.now >= looked_at_ + context_.options.reread_interval);
}

void Mirror::again(std::chrono::milliseconds delay) {
  looking_ = false;
  suspect(delay);
}

void Mirror::again(const Error& error) { again(retry_delay(error)); }

std::string Mirror::describe() const { return looking_ ? "looking" : due() || stale_ ? "stale" : "fresh"; }

}  // namespace chorale::coordination
