// What an answer from Marathon changes: passed by the guard it replaces what is known, held back it only adds. Pure.
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

  // A whole list was taken since the tracker began.
  [[nodiscard]] bool synced() const { return synced_; }
  // Why Marathon's answers are not believed, do not come, or cannot be read in full.
  [[nodiscard]] std::optional<Failure> trouble() const;

 private:
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
  std::vector<std::string> unreadable_;  // apps, when the last answer was taken
  std::string held_digest_;              // that was reported
};

}  // namespace chorale::agent
