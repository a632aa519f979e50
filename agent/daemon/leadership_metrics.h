// What a leadership counts: requests and events, the age of Marathon's data, how long a change takes. Loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "agent/base/types.h"
#include "agent/core/leading/marathon_tracker.h"
#include "agent/http/metrics.h"
#include "coordination/coordinator.h"

namespace chorale::agent {

class LeadershipMetrics {
 public:
  explicit LeadershipMetrics(Metrics& metrics) : metrics_(metrics) {}

  // Before the tracker handles the event. True: Marathon answered well.
  bool arrived(TimePoint now, const TrackerEvent& event);
  // After it: the tracker knows what is left of Marathon.
  void handled(TimePoint now, const MarathonTracker& tracker);

  // A change is on its way. `event`: when the event arrived that began it; nullopt: none did.
  void offered(std::uint64_t offer, std::optional<TimePoint> event);
  void closed(TimePoint now, const coordination::OfferClosed& closed);
  // This proxy's workers serve the revision: its change, and those before it, have arrived.
  void applied(TimePoint now, const coordination::Identity& identity);

 private:
  struct Change {
    std::uint64_t offer = 0;
    std::optional<TimePoint> event;
  };

  Metrics& metrics_;
  std::optional<TimePoint> last_answer_;
  bool ping_failed_ = false;
  std::optional<Change> under_way_;
  std::map<coordination::Revision, TimePoint> latency_from_;  // committed, not yet applied here
};

}  // namespace chorale::agent
