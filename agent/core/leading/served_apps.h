// The apps of a routing state, looked up in rising order of id, as everything goes through Marathon's apps. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "render/routing_state.h"

namespace chorale::agent {

class ServedApps {
 public:
  explicit ServedApps(const render::RoutingState* served) : served_(served) {}
  // nullptr: not served. REQUIRES: `id` is not below that of an earlier call.
  [[nodiscard]] const render::App* find(const std::string& id) {
    if (served_ == nullptr) return nullptr;
    while (next_ < served_->apps.size() && served_->apps[next_].id < id) ++next_;
    return next_ < served_->apps.size() && served_->apps[next_].id == id ? &served_->apps[next_] : nullptr;
  }

 private:
  const render::RoutingState* served_;  // nullptr: nothing is served
  std::size_t next_ = 0;
};

}  // namespace chorale::agent
