// What this proxy's Nginx, updated by a file and a reload, gets to do next. Pure.
//
//   StageRequested --> WriteStage --> TestStage --> (refused: TestCurrent) --> AnswerStage(ack | nack | unable)
//   ApplyRequested --> the same, unless that was staged --> InstallStage --> Reload --> proven: AnswerApplied
//                                                                                  `-> unproven: RestoreProven
//
// Composes four machines: the candidate (candidate.h), the target file (target_file.h), the served state
// (served_state.h) and the refresh (refresh.h: the same text again), and keeps their order: one job on the files at a
// time, at most one reload beside it. A later request replaces an earlier one that is not installed yet. Owned by
// nginx/reloaded_nginx.cpp, which performs the effects and posts every result back as an event. Ensures: nothing is
// installed that Nginx was not seen to accept; "applied" is said only when the running workers are known to serve the
// installed content. What it is not: it touches no file, process or clock; it does not know what stands in a config;
// and it does not judge what may follow what it has: it applies what it is told, in the order in which it is told
// (coordination/order_guard.h).
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "agent/base/types.h"
#include "agent/core/applying/applier_events.h"
#include "agent/core/applying/candidate.h"
#include "agent/core/applying/config_content.h"
#include "agent/core/applying/nginx_status.h"
#include "agent/core/applying/refresh.h"
#include "agent/core/applying/served_state.h"
#include "agent/core/applying/target_file.h"

namespace chorale::agent {

struct ApplierOptions {
  bool ignore_check = false;
  bool repair_drift = true;
  Milliseconds retry_interval{30'000};   // after a refusal or an unproven reload
  Milliseconds illness_interval{5'000};  // after what this proxy itself could not do: a full disk is freed at any time
  Milliseconds proof_floor{5'000};
};

class Applier {
 public:
  explicit Applier(ApplierOptions options) : options_(options) {}

  [[nodiscard]] ApplierEffects step(TimePoint now, const ApplierEvent& event);
  [[nodiscard]] NginxStatus status() const;

 private:
  void on(const FilesFound& event);
  void on(const StageRequested& event);
  void on(const ApplyRequested& event);
  void on(const LocalValuesChanged& event);
  void on(const CommandGiven& event);
  void on(const ProposalEnded& event);
  void on(const StageWritten& event);
  void on(const TestFinished& event);
  void on(const StageInstalled& event);
  void on(const ProvenRestored& event);
  void on(const ProvenKept& event);
  void on(const ReloadFinished& event);
  void on(const Inspected& event);
  void on(const ApplierTicked& event);

  // What to do next, after every event, in the order of its weight.
  void advance();
  void conclude();  // the installed content is served: that is "applied"
  void keep_proven();
  void repair_drift();
  void advance_apply();
  void advance_stage();
  void advance_refresh();
  void look();
  void hold_back();
  [[nodiscard]] std::optional<Failure> why_nothing_to_repair() const;
  void answer_repairs(const std::optional<Failure>& failure);
  void reload();
  void outdate_inspection();
  void restore();

  // Has not ended for so long that it is named; nullptr: none.
  [[nodiscard]] const char* hung_command() const;
  void compare_found();
  void apply_again(std::optional<PublishedConfig> config);
  void fail(const std::string& reason, Milliseconds retry_after);
  [[nodiscard]] bool files_busy() const { return candidate_.busy() || target_.busy() || refresh_.testing(); }
  // An edit of the file that is only reported stands until an operator gives it up.
  [[nodiscard]] bool held() const { return !options_.repair_drift && !edit_given_up_ && target_.drifted(); }
  [[nodiscard]] TimePoint retry_at() const { return now_ + options_.retry_interval; }
  [[nodiscard]] TimePoint illness_over_at() const { return now_ + options_.illness_interval; }

  // Of the target; the master is looked at in any case.
  enum class Inspection { kNone, kUnderWay, kOutdated };

  ApplierOptions options_;
  TimePoint now_{};
  ApplierEffects effects_;
  Candidate candidate_;
  TargetFile target_;
  ServedState served_;
  Refresh refresh_;
  Inspection inspection_ = Inspection::kNone;

  std::size_t repairs_ = 0;     // commands that wait
  bool repair_looked_ = false;  // the target was looked at since
  bool edit_given_up_ = false;  // there is no copy to put back: what is applied next may go over it

  bool stopped_ = false;  // the master, at the last look

  std::optional<ProposalEnded> proposal_ended_;
  std::optional<PublishedConfig> to_stage_;
  std::optional<PublishedConfig> to_apply_;  // committed and not proven yet
  bool reload_later_ = false;                // it was judged, and its reload would have come too soon
  std::optional<PublishedConfig> found_;    // of the target, from an earlier life: not compared with today's values yet
  TimePoint apply_at_{};                    // not before
  std::optional<TimePoint> testing_since_;  // the test that is under way
  std::string apply_error_;
  std::optional<TimePoint> failing_since_;
  std::optional<coordination::Identity> applied_;
};

}  // namespace chorale::agent
