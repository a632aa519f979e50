#include "agent/core/leading/name_cache.h"

#include <algorithm>
#include <chrono>

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kFresh{60};
constexpr std::chrono::seconds kRetryFailed{10};
constexpr std::chrono::seconds kAnswerLost{10};  // the resolver answers within 5 s; this is for a lost answer only
constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::seconds kFirstPatience{6};  // longer than the resolver takes to give up

}  // namespace

void NameCache::use(const std::set<std::string>& names) {
  std::erase_if(entries_, [&](const auto& entry) { return !names.contains(entry.first); });
  std::erase_if(known_, [&](const auto& entry) { return !names.contains(entry.first); });
  use_also(names);
}

void NameCache::use_also(const std::set<std::string>& names) {
  for (const std::string& name : names) entries_.try_emplace(name);
}

void NameCache::suggest(const std::string& name, const std::string& address) {
  known_.try_emplace(name, std::vector<std::string>{address});
}

std::set<std::string> NameCache::take_due(TimePoint now) {
  std::set<std::string> due;
  for (auto& [name, entry] : entries_) {
    if (entry.asked && now >= entry.asked_at + kAnswerLost) entry.asked = false;
    if (entry.asked || now < entry.due) continue;
    entry.asked = true;
    entry.asked_at = now;
    if (!entry.ever_asked) entry.first_asked_at = now;
    entry.ever_asked = true;
    due.insert(name);
  }
  return due;
}

bool NameCache::answered(const ResolvedNames& names, const std::map<std::string, std::string>& failed, TimePoint now) {
  bool changed = false;
  for (const auto& [name, addresses] : names) {
    const auto found = entries_.find(name);
    if (found == entries_.end() || addresses.empty()) continue;
    found->second.asked = false;
    found->second.ever_answered = true;
    found->second.due = now + kFresh;
    // Only the first address is served; others that come and go (round robin) are no change.
    const auto known = known_.find(name);
    changed = changed || known == known_.end() || known->second.front() != addresses.front();
    known_[name] = addresses;
  }
  for (const auto& [name, why] : failed) {
    if (const auto found = entries_.find(name); found != entries_.end()) {
      found->second.asked = false;
      found->second.ever_answered = true;
      found->second.due = now + kRetryFailed;
    }
  }
  return changed;
}

TimePoint NameCache::patience(const Entry& entry) const {
  if (entry.ever_answered) return TimePoint::min();
  return entry.ever_asked ? entry.first_asked_at + (nothing_served_ ? kFirstPatience : kPatience) : TimePoint::max();
}

bool NameCache::awaits_first_answer(TimePoint now) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const auto& entry) { return now < patience(entry.second) && !known_.contains(entry.first); });
}

TimePoint NameCache::next_deadline(TimePoint now) const {
  TimePoint next = TimePoint::max();
  for (const auto& [name, entry] : entries_) {
    next = std::min(next, entry.asked ? entry.asked_at + kAnswerLost : entry.due);
    if (now < patience(entry)) next = std::min(next, patience(entry));
  }
  return next;
}

}  // namespace chorale::agent
