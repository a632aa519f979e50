// What we believe of Marathon's apps, and how an answer or an event changes it. Pure.
//
// A leadership starts with the apps of the committed state, so that there is never a moment in which knowing little
// means serving little. Order is that of fetches, not of answers: fetch ids rise, an answer replaces only what an
// earlier fetch brought, and what an event said after a fetch began holds against its answer.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "agent/core/leading/routes.h"

namespace chorale::agent {

class KnownApps {
 public:
  using FetchId = std::uint64_t;

  // The apps of a routing state as Marathon could have listed them: build_routes gives the same state again, except for
  // ports of one task that stand on different addresses.
  void adopt(const render::RoutingState& state);

  [[nodiscard]] const MarathonApps& apps() const { return apps_; }
  [[nodiscard]] const MarathonApp* find(const std::string& app) const;

  // An event says so; `last_fetch` is the newest fetch at that moment. True if the app or the task was known.
  bool app_gone(const std::string& app, FetchId last_fetch);
  bool task_gone(const std::string& app, const std::string& task, FetchId last_fetch);
  // The same, but the task is still known until the next answer about its app, or until drop_ending().
  void task_ends(const std::string& app, const std::string& task, FetchId last_fetch);
  using Ending = std::map<std::string, std::set<std::string>>;  // app -> tasks
  [[nodiscard]] const Ending& ending() const { return ending_; }
  void drop_ending(const std::string& app);

  // The answer as it would stand today: less what events said since its fetch began, with newer single answers in
  // place, and with what is known of the apps that could not be read.
  [[nodiscard]] MarathonApps reconcile(MarathonApps list, FetchId fetch) const;
  [[nodiscard]] MarathonApp reconcile(MarathonApp app, FetchId fetch) const;
  // An answer about `app` from `fetch` says nothing new: a later fetch answered already, or an event ended the app.
  [[nodiscard]] bool is_outdated(const std::string& app, FetchId fetch) const;

  // REQUIRES: reconciled.
  void replace(MarathonApps list, FetchId fetch);
  void replace(MarathonApp app, FetchId fetch);
  // Its tasks are all unknown, and running ones of ours are not among them: another Marathon's app of the same id, or
  // one that was replaced as a whole.
  [[nodiscard]] bool is_foreign(const MarathonApp& app) const;
  // For a held-back answer: adds and updates, but keeps every app and every running task that it is silent about. A
  // foreign app changes nothing, and neither does a list without any task that we know: two pools that use one root by
  // mistake must not mix one Marathon's servers into the other's apps.
  void merge(MarathonApps list, FetchId fetch);
  void merge(MarathonApp app, FetchId fetch);

  // Pods: what is known of them, where an answer has nothing on them.
  [[nodiscard]] MarathonApps pods() const;
  // The same for an answer about pods alone.
  [[nodiscard]] MarathonApps reconcile_pods(MarathonApps pods, FetchId fetch) const;
  // REQUIRES, for both: reconciled; what is newer stands in it as it is known.
  void replace_pods(MarathonApps&& pods, FetchId fetch);
  void merge_pods(MarathonApps&& pods, FetchId fetch);
  // A list was taken with all of the pods that this fetch brought in it.
  void pods_are_as_of(FetchId fetch);

  // Fetches older than this are over: what was remembered to correct their answers is dropped.
  void forget_before(FetchId oldest_in_flight);

 private:
  void keep_silent_tasks(MarathonApp& app) const;
  [[nodiscard]] bool is_foreign(const MarathonApps& list) const;

  MarathonApps apps_;
  FetchId list_as_of_ = 0;
  FetchId pods_as_of_ = 0;
  std::map<std::string, FetchId> as_of_;                               // app -> fetch that brought it after the list
  std::map<std::string, FetchId> gone_apps_;                           // app -> newest fetch when it ended
  std::map<std::pair<std::string, std::string>, FetchId> gone_tasks_;  // (app, task) -> likewise
  Ending ending_;
};

}  // namespace chorale::agent
