// What an event of Marathon makes the tracker do: ask for an app or the list, or drop what has ended. Pure.
//
// An event is a hint. Only an end (a task killed, an app terminated) changes what is known at once; everything else is
// asked for, unless it is known already.
#pragma once

#include <deque>
#include <set>
#include <string>

#include "agent/core/leading/event_meaning.h"
#include "agent/core/leading/tracker_context.h"

namespace chorale::agent {

class EventIntake {
 public:
  explicit EventIntake(TrackerContext& context) : context_(context) {}

  void hear(const MarathonEvent& event);
  // The fetch has succeeded: asks again for what events said since it began and its answer does not show.
  void compare_claims(const Fetch& fetch);
  // Drops the tasks that have ended and wait for an answer where none is expected any more.
  void drop_what_waits_in_vain();

 private:
  void notice_burst();
  void task_changed(const MarathonEvent& event, Meaning meaning);
  void task_ended(const MarathonEvent& event);
  void app_edited(const MarathonEvent& event);
  void app_ended(const MarathonEvent& event);
  void group_edited();
  void pod_edited(const MarathonEvent& event);
  void deployed();
  void want_unready_apps();
  // Is what an event says of a task already what we believe?
  [[nodiscard]] bool agrees(const std::string& app, const std::string& task, Meaning meaning) const;

  // Tasks of the app are up that we do not know yet, and the answer that shows them is expected.
  [[nodiscard]] bool tasks_come(const std::string& app) const;

  TrackerContext& context_;
  std::set<std::string> coming_;  // apps with such tasks
  TimePoint last_edit_at_ = TimePoint::min();
  std::deque<TimePoint> heard_at_;  // the last events, as many as Marathon keeps for a stream
  TimePoint burst_began_at_{};
  TimePoint burst_over_at_ = TimePoint::min();
  TimePoint deployed_at_ = TimePoint::min();  // when that last ended a burst
};

}  // namespace chorale::agent
