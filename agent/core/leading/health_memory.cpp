#include "agent/core/leading/health_memory.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace chorale::agent {

void HealthMemory::remember_routed(const render::RoutingState& state) {
  for (const render::App& app : state.apps) {
    for (const render::Port& port : app.ports) {
      for (const render::Server& server : port.servers) judged(server.task_id, true);
    }
  }
}

bool HealthMemory::still_alive(const std::string& task, TimePoint now, Milliseconds memory) {
  const auto found = entries_.find(task);
  if (found == entries_.end() || !found->second.alive) return false;
  Entry& entry = found->second;
  if (!entry.lost) {
    entry.lost = true;
    some_lost_ = true;
    entry.lost_at = now;
  }
  if (now - entry.lost_at < memory) return true;
  entry.alive = false;
  return false;
}

void HealthMemory::judged(const std::string& task, bool alive) { entries_[task] = Entry{alive, false, TimePoint{}}; }

void HealthMemory::forget_absent(const MarathonApps& apps) {
  std::unordered_set<std::string_view> present;
  for (const auto& [id, app] : apps) {
    for (const MarathonTask& task : app.tasks) present.insert(task.id);
  }
  std::erase_if(entries_, [&](const auto& entry) { return !present.contains(entry.first); });
  some_lost_ = std::any_of(entries_.begin(), entries_.end(), [](const auto& entry) { return entry.second.lost; });
}

bool HealthMemory::remembers_alive(const std::string& task) const {
  const auto found = entries_.find(task);
  return found != entries_.end() && found->second.alive;
}

// One that lies in the past was not judged again since, nor need it be: its task is left out for another reason.
TimePoint HealthMemory::first_expiry(Milliseconds memory, TimePoint now) const {
  TimePoint first = TimePoint::max();
  if (!some_lost_) return first;
  for (const auto& [task, entry] : entries_) {
    const TimePoint expiry = entry.lost_at + memory;
    if (entry.alive && entry.lost && expiry > now) first = std::min(first, expiry);
  }
  return first;
}

}  // namespace chorale::agent
