#include "agent/core/leading/endpoint_set.h"

#include <algorithm>

#include "coordination/require.h"

namespace chorale::agent {
namespace {

constexpr int kStandbyFactor = 5;  // a standby's ping goes to the leader: be kind
constexpr std::chrono::seconds kPingLost{30};

// Its stream is open; one whose requests fail all the same has to answer a ping first.
bool is_proven(const EndpointSet::Entry& entry, const std::string& streaming) {
  return entry.url == streaming && entry.state == EndpointSet::Entry::State::kAnswers;
}

}  // namespace

EndpointSet::EndpointSet(const std::vector<std::string>& endpoints, Milliseconds ping_interval)
    : ping_interval_(ping_interval) {
  replace(endpoints);
}

void EndpointSet::replace(const std::vector<std::string>& endpoints) {
  std::vector<Entry> entries;
  for (const std::string& url : endpoints) {
    const Entry* known = find(url);
    const bool first_now = entries.empty() && known != nullptr && known != &entries_.front();
    const bool keep = known != nullptr && !(first_now && known->state == Entry::State::kFails);
    entries.push_back(keep ? *known : Entry{url, Entry::State::kUntried, "", TimePoint::min()});
  }
  entries_ = std::move(entries);
}

EndpointSet::Entry* EndpointSet::find(const std::string& endpoint) {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.url == endpoint; });
  return found == entries_.end() ? nullptr : &*found;
}

bool EndpointSet::answered(const std::string& endpoint, TimePoint now) {
  Entry* entry = find(endpoint);
  if (entry == nullptr) return false;
  const bool recovered = entry->state == Entry::State::kFails;
  entry->state = Entry::State::kAnswers;
  entry->why.clear();
  entry->next_ping = now + kStandbyFactor * ping_interval_;
  return recovered;
}

void EndpointSet::failed(const std::string& endpoint, const std::string& why, TimePoint now) {
  Entry* entry = find(endpoint);
  if (entry == nullptr) return;
  entry->state = Entry::State::kFails;
  entry->why = why;
  entry->next_ping = now + ping_interval_;
}

const std::string& EndpointSet::best(const std::vector<std::string>& avoid) const {
  coordination::require(!entries_.empty(), "an endpoint is chosen only where one is configured");
  const auto allowed = [&](const Entry& entry) {
    return std::find(avoid.begin(), avoid.end(), entry.url) == avoid.end();
  };
  const Entry* fallback = nullptr;
  for (const Entry& entry : entries_) {
    if (!allowed(entry)) continue;
    if (entry.state != Entry::State::kFails) return entry.url;
    if (fallback == nullptr) fallback = &entry;
  }
  return fallback != nullptr ? fallback->url : entries_.front().url;
}

std::vector<std::string> EndpointSet::take_due_pings(const std::string& streaming, TimePoint now) {
  std::vector<std::string> due;
  for (Entry& entry : entries_) {
    if (is_proven(entry, streaming) || now < entry.next_ping) continue;
    entry.next_ping = now + kPingLost;  // the answer sets it again
    due.push_back(entry.url);
  }
  return due;
}

TimePoint EndpointSet::next_deadline(const std::string& streaming) const {
  TimePoint next = TimePoint::max();
  for (const Entry& entry : entries_) {
    if (!is_proven(entry, streaming)) next = std::min(next, entry.next_ping);
  }
  return next;
}

}  // namespace chorale::agent
