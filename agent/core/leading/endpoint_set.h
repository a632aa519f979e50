// Marathon's base URLs in priority order: which of them answer, which to use, which to ping. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/base/types.h"

namespace chorale::agent {

class EndpointSet {
 public:
  // Endpoints that were never tried count as usable. `ping_interval` is for those that fail; those that answered are
  // pinged 5 times less often, and not at all while something else proves them.
  EndpointSet(const std::vector<std::string>& endpoints, Milliseconds ping_interval);

  // What is known of those that stay is kept; a new first one is to be tried whatever it answered before.
  void replace(const std::vector<std::string>& endpoints);

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  // True if the endpoint had failed before.
  bool answered(const std::string& endpoint, TimePoint now);
  void failed(const std::string& endpoint, const std::string& why, TimePoint now);

  // The first by priority that is usable, other than those to avoid; if none is, the first by priority that need not be
  // avoided; if all are, the first. REQUIRES: not empty.
  [[nodiscard]] const std::string& best(const std::vector<std::string>& avoid = {}) const;

  // Endpoints to ping now; `streaming` (may be "") is proven by its open stream.
  [[nodiscard]] std::vector<std::string> take_due_pings(const std::string& streaming, TimePoint now);
  [[nodiscard]] TimePoint next_deadline(const std::string& streaming) const;

  struct Entry {
    enum class State { kUntried, kAnswers, kFails };
    std::string url;
    State state = State::kUntried;
    std::string why;  // of kFails
    TimePoint next_ping = TimePoint::min();
  };
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  Entry* find(const std::string& endpoint);

  std::vector<Entry> entries_;
  Milliseconds ping_interval_;
};

}  // namespace chorale::agent
