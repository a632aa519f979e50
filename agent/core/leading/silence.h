// Whether a source of events that gives no sign of life by itself has fallen silent. Pure.
//
// The event stream has heartbeats, and ends where they do; callbacks may be lost on their way without anybody noticing:
// Marathon is behind a firewall, or calls a wrong address. Their source asks for a sign of life every 30 s.
#pragma once

#include <algorithm>
#include <optional>

#include "agent/base/types.h"

namespace chorale::agent {

class Silence {
 public:
  // `limit`: how long the source may say nothing; nullopt: it is never taken for silent.
  explicit Silence(std::optional<Milliseconds> limit) : limit_(limit) {}

  // Where nothing was heard yet, a tenth of the limit is enough. The first word may come before this is known.
  void attached(TimePoint now) {
    attached_ = true;
    if (limit_) silent_at_ = std::max(silent_at_, now + *limit_ / 10);
  }
  void heard(TimePoint now) {
    if (limit_) silent_at_ = now + *limit_;
  }
  // There is no source to be heard; that is another trouble.
  void detached() {
    attached_ = false;
    silent_at_ = TimePoint::min();
  }

  [[nodiscard]] bool is_silent(TimePoint now) const { return limit_ && attached_ && now >= silent_at_; }
  [[nodiscard]] TimePoint next_deadline(TimePoint now) const {
    return limit_ && attached_ && now < silent_at_ ? silent_at_ : TimePoint::max();
  }

 private:
  std::optional<Milliseconds> limit_;
  bool attached_ = false;
  TimePoint silent_at_ = TimePoint::min();
};

}  // namespace chorale::agent
