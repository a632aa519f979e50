// What the leading agent does: follow Marathon, keep its apps, decide what to fetch, guard, and offer states. Pure.
//
// step(now, event) -> effects, as everywhere. It keeps the event stream and the endpoints, and hands the rest on:
// EventIntake (what an event makes us fetch or drop), AnswerIntake (may this answer change anything?), OfferMaker
// (Marathon's words to a routing state, offered in time). It exists only between LeadershipGained and LeadershipLost; a
// new leadership starts with a new MarathonTracker.
#pragma once

#include <string>
#include <vector>

#include "agent/core/leading/answer_intake.h"
#include "agent/core/leading/endpoint_health.h"
#include "agent/core/leading/event_intake.h"
#include "agent/core/leading/offer_maker.h"
#include "agent/core/leading/stream_outage.h"
#include "agent/core/leading/tracker_context.h"
#include "agent/core/leading/tracker_events.h"

namespace chorale::agent {

class MarathonTracker {
 public:
  explicit MarathonTracker(TrackerOptions options) : context_(std::move(options)) {}
  MarathonTracker(const MarathonTracker&) = delete;
  MarathonTracker& operator=(const MarathonTracker&) = delete;

  [[nodiscard]] std::vector<TrackerEffect> step(TimePoint now, TrackerEvent event);  // by value: a list of apps is big

  // When the next TrackerTicked changes something; the loop sets its timer by it. time_point::max(): nothing is due.
  [[nodiscard]] TimePoint next_deadline() const;

  [[nodiscard]] std::vector<EndpointHealth> endpoints() const;
  // Why Marathon is not followed as it should be: "GET .../v2/apps: HTTP 503", "held back: ...".
  [[nodiscard]] std::optional<Failure> trouble() const;
  // One of the endpoints answers.
  [[nodiscard]] bool reaches_marathon() const;
  // For the log: false where no endpoint has answered for some seconds, true again with the next list; nullopt: not
  // known yet.
  [[nodiscard]] std::optional<bool> answers() const { return answers_well_; }
  // Since when no endpoint does; nullopt: one does.
  [[nodiscard]] std::optional<TimePoint> silent_since() const { return all_fail_since_; }
  // The loss that waits for repetition, or for an operator's word.
  [[nodiscard]] std::optional<HeldBack> held_back() const;
  [[nodiscard]] const std::vector<Exclusion>& exclusions() const { return offers_.exclusions(); }
  // Why this proxy's resolver is in doubt, and which name shows it.
  [[nodiscard]] std::optional<Failure> name_trouble() const { return offers_.name_trouble(); }
  [[nodiscard]] std::vector<coordination::QuarantineEntry> quarantined() const { return context_.quarantine.entries(); }
  // Why what Marathon says cannot be served although it is believed.
  [[nodiscard]] const std::optional<Failure>& refusal() const { return offers_.refusal(); }
  // What all proxies serve, as far as known; nullptr: nothing is committed.
  [[nodiscard]] const SharedState& committed() const { return context_.offers.committed(); }
  [[nodiscard]] bool stream_attached() const { return context_.stream.is_attached(); }

 private:
  void begin(const TrackingBegun& event);
  void follow();
  void endpoints_found(const EndpointsFound& event);
  void stream_attached_at(const std::string& endpoint);
  void stream_failed(const StreamFailed& event);
  void pinged(const EndpointPinged& event);
  void names_resolved(const NamesResolved& event);
  void believe(const LossBelieved& loss);
  void answered(const std::optional<Fetch>& fetch);
  void do_what_is_due();
  void ask(const Fetch& fetch);
  void log(std::optional<LogLine> line);
  void look_whether_away();
  [[nodiscard]] Failure silence_trouble() const;

  TrackerContext context_;
  EventIntake events_{context_};
  AnswerIntake answers_{context_};
  OfferMaker offers_{context_};
  bool begun_ = false;
  bool silent_ = false;  // attached, and nothing is heard
  StreamOutage stream_outage_{context_.source(),
                              context_.posted() ? "subscribed to the events of" : "event stream attached to"};
  std::optional<TimePoint> all_fail_since_;  // endpoints
  std::uint64_t lists_seen_ = 0;
  std::optional<bool> answers_well_;
  std::set<std::string> unresolved_;             // names, as told
  TimePoint stream_late_at_ = TimePoint::max();  // not attached by then is trouble
};

}  // namespace chorale::agent
