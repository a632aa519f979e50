#include "agent/core/behind.h"

#include <cstddef>

namespace chorale::agent {
namespace {

// More than that many revisions are not committed within the time that matters; the next ones are counted later.
constexpr std::size_t kMostLacked = 128;

}  // namespace

void Behind::observe(TimePoint now, const std::optional<coordination::Identity>& own,
                     const std::optional<coordination::Identity>& others) {
  if (!own) return lacked_.clear();
  if (!others) return;  // no news: a hiccup of ZooKeeper must not begin the time anew
  while (!lacked_.empty() && !own->older_than(lacked_.front().identity)) lacked_.pop_front();
  // Whoever had applied that is gone: nobody serves it now.
  while (!lacked_.empty() && others->older_than(lacked_.back().identity)) lacked_.pop_back();
  const bool is_news = lacked_.empty() || lacked_.back().identity.older_than(*others);
  if (is_news && own->older_than(*others) && lacked_.size() < kMostLacked) lacked_.push_back({*others, now});
}

std::optional<TimePoint> Behind::since() const {
  if (lacked_.empty()) return std::nullopt;
  return lacked_.front().since;
}

}  // namespace chorale::agent
