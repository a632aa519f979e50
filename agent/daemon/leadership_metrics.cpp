#include "agent/daemon/leadership_metrics.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "coordination/overloaded.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kRememberedLatencies = 64;

Milliseconds between(TimePoint from, TimePoint to) { return std::chrono::duration_cast<Milliseconds>(to - from); }

}  // namespace

bool LeadershipMetrics::arrived(TimePoint now, const TrackerEvent& event) {
  const auto answered = [&](bool ok) {
    metrics_.marathon_request(ok);
    if (ok) last_answer_ = now;
    return ok;
  };
  return std::visit(coordination::Overloaded{
                        [&](const AppsFetched& apps) { return answered(apps.apps.has_value()); },
                        [&](const AppFetched& app) { return answered(app.result.has_value()); },
                        [&](const PodsFetched& pods) {  // how old the apps are is not theirs to say
                          metrics_.marathon_request(pods.pods.has_value());
                          return false;
                        },
                        [&](const EventReceived& /*received*/) {
                          metrics_.marathon_event();
                          return false;
                        },
                        [&](const StreamFailed& stream) {
                          metrics_.marathon_stream_error();
                          if (stream.silent) metrics_.stream_silent();
                          return false;
                        },
                        [&](const EndpointPinged& ping) {
                          ping_failed_ = ping.failure.has_value();
                          if (ping_failed_) ping.answered ? metrics_.endpoint_check_failed() : metrics_.endpoint_down();
                          return false;
                        },
                        [](const auto&) { return false; },
                    },
                    event);
}

void LeadershipMetrics::handled(TimePoint now, const MarathonTracker& tracker) {
  metrics_.set_stream_attached(tracker.stream_attached());
  metrics_.set_loss_held_back(tracker.held_back().has_value());
  if (last_answer_) metrics_.set_data_age(between(*last_answer_, now));
  if (!std::exchange(ping_failed_, false)) return;
  const auto endpoints = tracker.endpoints();
  if (std::none_of(endpoints.begin(), endpoints.end(), [](const EndpointHealth& each) { return each.healthy; })) {
    metrics_.all_endpoints_down();
  }
}

void LeadershipMetrics::offered(std::uint64_t offer, std::optional<TimePoint> event) {
  under_way_ = Change{offer, event};
}

void LeadershipMetrics::closed(TimePoint now, const coordination::OfferClosed& closed) {
  if (!under_way_ || under_way_->offer != closed.offer) return;
  const Change change = *std::exchange(under_way_, std::nullopt);
  const bool committed = closed.fate == coordination::Fate::kCommitted;
  metrics_.proposal(committed);
  if (!committed || !change.event) return;
  metrics_.change_committed(between(*change.event, now));
  latency_from_[closed.identity.revision] = *change.event;
  if (latency_from_.size() > kRememberedLatencies) latency_from_.erase(latency_from_.begin());
}

void LeadershipMetrics::applied(TimePoint now, const coordination::Identity& identity) {
  const auto from = latency_from_.find(identity.revision);
  if (from == latency_from_.end()) return;
  metrics_.change_applied(between(from->second, now));
  latency_from_.erase(latency_from_.begin(), std::next(from));
}

}  // namespace chorale::agent
