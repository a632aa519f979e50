// The follower role: fetches, stages, votes, hands committed revisions to the applier. Pure; loop thread only.
//
// Runs on the leader too: there is no other way to the local Nginx. It knows neither who leads nor why. What it hands
// over was committed, has the digest that was staged, and is newer than anything before it, over restarts too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordination/content_cache.h"
#include "coordination/context.h"
#include "coordination/fetch.h"
#include "coordination/order_guard.h"
#include "coordination/pointer.h"

namespace chorale::coordination {

class Follower {
 public:
  // Of one target, which is a committed state that was missed, else the proposed one:
  //
  //  kIdle --newer target--> kFetching --complete--> kStaging --StageFinished--> kIdle, vote kept
  //   ^                          |  ^                    |
  //   |                          |  '--/state read again, then listed as missing, then retried
  //   '--- withdrawn or outdated-+-----------------------'
  //
  // Beside it: a committed state whose ack is kept is handed to the applier. What was committed while its test ran is
  // tested to the end (within a minute) and applied, even if another one is committed by then: else steady change would
  // starve an agent whose tests take longer than the changes are apart.
  enum class State { kIdle, kFetching, kStaging };

  Follower(Context& context, ContentCache& cache)
      : context_(context), fetch_(context, cache, "follower"), order_(context.options.applies) {}

  void start(const Started& started);
  void reset();  // a new session: ask again for what is still to be fetched
  // Another cluster id at the root: what was proposed and answered under the old one counts no more. What was applied
  // does.
  void change_lineage();
  void drive(Pointer& pointer);
  void on_stage_finished(const StageFinished& finished);
  // What was not accepted may be by now: it is staged again, and voted on.
  void ask_again();
  void on_applied(const Identity& identity);

  [[nodiscard]] State state() const { return state_; }
  // The last answer of this agent's Nginx.
  [[nodiscard]] const std::optional<Vote>& vote() const { return vote_; }
  // What Nginx serves, as far as it was proven or stood in its file at the start.
  [[nodiscard]] const std::optional<Identity>& applied() const { return applied_; }
  // The agent around knows the content of what it applied last.
  [[nodiscard]] bool knows_content() const { return knows_content_; }
  [[nodiscard]] const std::vector<std::string>& missing() const { return missing_; }
  // Since when this agent could not test anything, unbroken.
  [[nodiscard]] const std::optional<TimePoint>& unable_since() const { return unable_since_; }

 private:
  struct Answer {  // of this agent's Nginx to one identity
    Identity identity;
    VoteResult result = VoteResult::kUnable;
    TimePoint at;
    Content content;
    bool outdated = false;  // it would not be given again, perhaps
  };

  void forget_outdated(const StateDocument* document);
  void apply_committed(const StateDocument& document);
  void hand_over(const Answer& answer);
  void choose_target(const StateDocument& document);
  [[nodiscard]] bool wants_committed(const StateDocument& document) const;
  [[nodiscard]] bool wants_proposed(const StateDocument& document) const;
  [[nodiscard]] const Answer* answer_to(const Identity& identity) const;
  void continue_fetch(Pointer& pointer);
  void stage();
  void drop_target();

  Context& context_;
  Fetch fetch_;
  State state_ = State::kIdle;
  std::optional<Identity> target_;  // being fetched or staged
  bool target_committed_ = false;   // it was seen to be
  Content staging_;                 // while kStaging
  TimePoint staged_at_;             // the same
  std::vector<Answer> answers_;     // to what is committed or proposed now; at most two
  std::optional<Identity> applied_;
  bool knows_content_ = false;
  OrderGuard order_;
  std::optional<Vote> vote_;
  std::optional<TimePoint> unable_since_;
  std::vector<std::string> missing_;       // of incomplete_
  std::optional<Identity> incomplete_;     // what could not be fetched, until it can, or is not named any more
  std::uint64_t reads_needed_ = 0;         // Pointer::reads() to wait for before anything is called missing
  std::optional<TimePoint> parked_until_;  // a fetch that missed something waits for the leader to put it again
};

}  // namespace chorale::coordination
