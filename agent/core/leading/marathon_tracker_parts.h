// The inside of MarathonTracker: its parts and how events, answers and time drive them. Seen by marathon_tracker*.cpp
// only.
#pragma once

#include <string>
#include <vector>

#include "agent/core/leading/endpoint_set.h"
#include "agent/core/leading/event_meaning.h"
#include "agent/core/leading/fetch_table.h"
#include "agent/core/leading/guard.h"
#include "agent/core/leading/known_apps.h"
#include "agent/core/leading/marathon_tracker.h"
#include "agent/core/leading/name_cache.h"
#include "agent/core/leading/offer_pacer.h"
#include "agent/core/leading/stream_keeper.h"

namespace chorale::agent {

class MarathonTracker::Parts {
 public:
  explicit Parts(TrackerOptions options);

  std::vector<TrackerEffect> step(TimePoint now, TrackerEvent event);
  [[nodiscard]] TimePoint next_deadline() const;
  [[nodiscard]] std::vector<EndpointHealth> endpoints() const;
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] const std::vector<Exclusion>& exclusions() const { return exclusions_; }
  [[nodiscard]] bool stream_attached() const { return stream_.is_attached(); }

 private:
  // marathon_tracker.cpp
  void begin(const TrackingBegun& event);
  void stream_attached_at(const std::string& endpoint);
  void stream_failed(const StreamFailed& event);
  void pinged(const EndpointPinged& event);
  void names_resolved(const NamesResolved& event);
  void do_what_is_due();
  void log(LogLine::Level level, std::string text) { effects_.emplace_back(LogLine{level, std::move(text)}); }
  [[nodiscard]] double jitter() const { return options_.jitter ? options_.jitter() : 0.5; }

  // marathon_tracker_events.cpp
  void hear(const MarathonEvent& event);
  void task_word(const MarathonEvent& event, Meaning meaning);
  void task_ended(const MarathonEvent& event);
  void app_edited(const MarathonEvent& event);
  void app_ended(const MarathonEvent& event);
  void group_edited();
  void deployed();
  [[nodiscard]] std::vector<const MarathonTask*> tasks_meant(const std::string& app, const std::string& id) const;
  [[nodiscard]] bool agrees(const std::string& app, const std::string& task, Meaning meaning) const;

  // marathon_tracker_answers.cpp
  void list_answered(AppsFetched& event);
  void app_answered(AppFetched& event);
  void fetch_failed(const Fetch& fetch, const Failure& failure);
  void fetch_succeeded(const Fetch& fetch);
  void take_list(MarathonApps list, const Fetch& fetch);
  void take_app(MarathonApp app, const Fetch& fetch);
  void suggest_addresses(const MarathonApp& app);
  void after_change(const Fetch& fetch);

  // marathon_tracker_offers.cpp
  void offer_what_is_due();
  void report_exclusions(std::vector<Exclusion> exclusions);
  void offer_decided(std::uint64_t offer, OfferPacer::Fate fate, const std::string& reason);

  TrackerOptions options_;
  TimePoint now_{};
  std::vector<TrackerEffect> effects_;

  EndpointSet endpoints_;
  StreamKeeper stream_;
  FetchTable table_;
  Guard guard_;
  KnownApps known_;
  HealthMemory memory_;
  NameCache names_;
  OfferPacer offers_;

  bool synced_ = false;          // a whole list was taken in this term; nothing is offered before
  bool stream_is_late_ = false;  // not attached long after the term began
  TimePoint stream_late_at_ = TimePoint::max();
  TimePoint last_edit_at_ = TimePoint::min();
  TimePoint deployed_at_ = TimePoint::min();  // when that last ended a burst
  TimePoint memory_runs_out_at_ = TimePoint::max();
  std::string fetch_trouble_;
  std::string held_digest_;  // that was reported
  std::vector<Exclusion> exclusions_;
};

}  // namespace chorale::agent
