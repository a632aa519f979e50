#include "agent/http/live_text.h"

#include <utility>

namespace chorale::agent {

void LiveText::set(std::string text) {
  reword(std::move(text));
  ++news_;
  const auto woken = listeners_;  // one that is woken may end its listening
  for (const auto& [number, wake] : woken) {
    if (listeners_.count(number) > 0) wake();
  }
}

std::shared_ptr<void> LiveText::listen(std::function<void()> wake) {
  const std::uint64_t number = ++last_;
  listeners_.emplace(number, std::move(wake));
  return {nullptr, [weak = weak_from_this(), number](void*) {
            if (const auto self = weak.lock()) self->listeners_.erase(number);
          }};
}

}  // namespace chorale::agent
