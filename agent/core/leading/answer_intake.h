// What an answer from Marathon changes: passed by the guard it replaces what is known, held back it only adds. Pure.
//
// Apps and pods are asked for at once and come in two answers, which the guard has to judge as one: whichever comes
// first waits for the other. A list of apps waits for pods half a second at most, and not at all while they are in
// trouble; then the pods that are known stand in for their answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/leading/tracker_context.h"

namespace chorale::agent {

class AnswerIntake {
 public:
  explicit AnswerIntake(TrackerContext& context) : context_(context) {}

  // The fetch that succeeded, whether it changed anything or not; nullopt: it failed, or the answer is not ours.
  std::optional<Fetch> take(AppsFetched& answer);
  std::optional<Fetch> take(AppFetched& answer);
  std::optional<Fetch> take(PodsFetched& answer);
  // The list that has waited for pods long enough.
  std::optional<Fetch> take_due();
  [[nodiscard]] TimePoint next_deadline() const { return waiting_list_ ? list_by_ : TimePoint::max(); }

  // A whole list was taken since the tracker began.
  [[nodiscard]] bool synced() const { return synced_; }
  // Why Marathon's answers are not believed, do not come, or cannot be read in full.
  [[nodiscard]] std::optional<Failure> trouble() const;

 private:
  std::optional<Fetch> take_now(AppsFetched&& answer);
  std::optional<Fetch> take_now(PodsFetched&& answer);
  // Adds to a list of apps the pods that were answered, or those that are known; the fetch that brought them.
  std::optional<Fetch> add_pods(MarathonApps& list);
  void take_pods(MarathonApps pods, const Fetch& fetch);
  void no_pods(const Fetch& fetch);
  void pods_failed(const Fetch& fetch, const std::string& why);
  void pods_succeeded(const Fetch& fetch);
  [[nodiscard]] bool is_about_pods(const Fetch& fetch) const;
  void not_found(const Fetch& fetch);
  void fetch_failed(const Fetch& fetch, const Failure& failure);
  void fetch_succeeded(const Fetch& fetch);
  void take_list(MarathonApps list, const Fetch& fetch);
  void take_app(MarathonApp app, const Fetch& fetch);
  void suggest_addresses(const MarathonApp& app);
  void note_unreadable();
  [[nodiscard]] std::optional<Failure> unreadable_trouble() const;

  TrackerContext& context_;
  bool synced_ = false;
  std::optional<Failure> fetch_trouble_;
  std::optional<TimePoint> list_failing_since_;
  struct PodsTrouble {
    std::string app;  // of the fetch
    Failure failure;
  };
  std::optional<PodsTrouble> pods_trouble_;
  bool pods_late_ = false;  // the last list did not get them in time
  std::optional<AppsFetched> waiting_list_;
  TimePoint list_by_{};
  std::optional<PodsFetched> waiting_pods_;
  std::vector<std::string> unreadable_;  // apps, when the last answer was taken
  std::string held_digest_;              // that was reported
};

}  // namespace chorale::agent
