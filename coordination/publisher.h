// Propose, wait for the votes, commit: one proposal at a time, of the newest offer. Pure; loop thread only.
//
// Works only while its leadership holds the fence; the state is written through the fence alone, always starting from
// what the fence says stands there. It never decides who leads.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordination/ballot.h"
#include "coordination/blockage.h"
#include "coordination/content_cache.h"
#include "coordination/context.h"
#include "coordination/electors.h"
#include "coordination/fence.h"
#include "coordination/history_document.h"
#include "coordination/pointer.h"
#include "coordination/repairs.h"
#include "coordination/roster.h"
#include "coordination/uploader.h"

namespace chorale::coordination {

class Publisher {
 public:
  //  kIdle --offer--> kUploading --chunks, manifest are there--> kProposing --written--> kVoting
  //   ^  ^               |                                                                 |  |
  //   |  '---refused-----'                                               commit <----------'  '-----> withdraw
  //   |                                                                    v                             v
  //   +------------------------------------------ written ------------ kCommitting                 kWithdrawing
  //
  // A write whose reply was lost comes back with what stands there; from that the same step is taken again or skipped.
  enum class State { kIdle, kUploading, kProposing, kVoting, kCommitting, kWithdrawing };

  Publisher(Context& context, ContentCache& cache, Roster& roster, Fence& fence, Pointer& pointer, Uploader& uploader)
      : context_(context),
        cache_(cache),
        roster_(roster),
        fence_(fence),
        pointer_(pointer),
        scope_("publisher"),
        uploader_(uploader),
        repairs_(context, uploader_, committed_content_, content_),
        electors_(context.options.stage_timeout) {}

  // REQUIRES: the fence is held. `outranked`: an agent serves what the committed state cannot replace (an older backup
  // was restored); then even an equal content is published anew, under a number above it.
  // `format`: of everything that this leadership publishes; what is committed in another one is published anew.
  void begin_leadership(bool outranked, std::int64_t format);
  // The leadership is over: every offer is closed as abandoned.
  void end_leadership(const std::string& reason);
  // Without a leadership it is closed as abandoned at once: what was made for an earlier one must not enter a later
  // one.
  void offer(StateOffered offered);
  // What is published from now on is published under it.
  void use_policy(const PolicyValues& policy) {
    if (policy_ != policy) policy_ = policy;
  }
  // The offer that waits for its turn; nullptr: none does.
  [[nodiscard]] const StateOffered* pending() const { return pending_ ? &*pending_ : nullptr; }
  // It must not be published now: it is closed, and `reason` is why a change is blocked.
  void withhold(const std::string& reason);
  // Nothing withholds it any more; it is not offered again yet.
  void end_withholding(std::string until_offered) { blockage_.fail(std::move(until_offered)); }
  // A hold: the offer that waits is closed, and what an operator wants is not blocked.
  void keep_back(const std::string& reason);
  // What was refused may be accepted now: the same content is proposed again, a hold's at once.
  void ask_again();
  // Writes the state's `held`. REQUIRES: idle(), the fence is held.
  void write_held(std::optional<HoldDocument> held, const std::string& released_by);
  // Publishes these files again, under a number of their own and the policy that they were made under. It tries again
  // by itself: a refused one after 30 s. REQUIRES: idle(), the fence is held, `held` stands in the state.
  void publish_held(const Content& content);
  // `own`: the last answer of this agent's own Nginx, from the same follower path as the other agents'.
  void drive(const std::optional<Vote>& own, bool may_propose);
  // A watch on a manifest has fired, or may have fired unheard.
  void suspect_manifest() { repairs_.suspect_manifest(); }
  // What is committed was read back, complete: agents that miss a part of it can be helped.
  void set_committed(Content content);
  // What is committed could not be read: the `missing` of it is put again as soon as the same content is offered.
  // `manifest`: its own, if only chunks are missing.
  void set_damaged(std::shared_ptr<const Manifest> manifest, std::vector<std::string> missing);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool idle() const { return state_ == State::kIdle && !pending_; }
  // As given to begin_leadership(), until the first commit.
  [[nodiscard]] bool outranked() const { return outranked_; }
  [[nodiscard]] std::int64_t format() const { return format_; }
  // Agents that are not waited for; sorted.
  [[nodiscard]] std::vector<std::string> late() const { return electors_.late(); }
  // A change that could not be committed for kBlockedAfter, and since when it waits.
  [[nodiscard]] const std::optional<Blocked>& blocked() const { return blocked_; }
  [[nodiscard]] std::optional<TimePoint> blocked_at() const { return blocked_ ? blockage_.since() : std::nullopt; }
  // How often in a row this agent's own test was cut short.
  [[nodiscard]] int own_cuts() const { return own_cuts_; }
  // What was committed since it was asked for last, in that order; without all_applied_ms.
  [[nodiscard]] std::vector<HistoryEntry> take_history() { return std::exchange(history_, {}); }
  // What is committed, complete; no manifest: not known.
  [[nodiscard]] const Content& committed_content() const { return committed_content_; }
  // How many commits this leadership has seen.
  [[nodiscard]] int commits() const { return commits_; }
  // Set when the server refused a write of the state: this leadership cannot go on.
  [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }

 private:
  void abandon_pending(const std::string& reason);
  void take_offer();
  [[nodiscard]] Content compose(StateOffered offered, Revision revision, const PolicyValues& policy) const;
  [[nodiscard]] bool already_committed(const RevisionHeader& header) const;
  void recover_committed();
  void upload();
  void write(State state, std::optional<RevisionHeader> committed, std::optional<RevisionHeader> proposed);
  void on_written(Fence::Result result, const std::string& reason);
  void forget_withdrawn();
  void begin_vote();
  void hear_answers(const std::optional<Vote>& own);
  void hear_answer(const std::string& id, const Vote& vote);
  void tell_refusal(const std::string& id, const Vote& vote);
  void add_to_withdrawn(const std::string& id, const Vote& vote);
  void count_votes();
  void conclude(const Verdict& verdict, const Ballot& ballot);
  void close(Fate fate, const std::string& reason);
  void close_held(Fate fate, const std::string& reason);
  void record_votes(const Ballot& ballot);
  void record_commit(const RevisionHeader& header);
  void put_missing();
  void show_blocked();
  [[nodiscard]] std::string refusal_text() const;
  [[nodiscard]] std::string waiting_for() const;

  Context& context_;
  ContentCache& cache_;
  Roster& roster_;
  Fence& fence_;
  Pointer& pointer_;
  Scope scope_;
  Uploader& uploader_;
  Repairs repairs_;
  State state_ = State::kIdle;
  bool leading_ = false;
  std::optional<StateOffered> pending_;  // the newest offer that is not being proposed
  std::uint64_t offer_ = 0;              // while not kIdle: the one that is being proposed; 0: a hold's
  Content content_;                      // of it; no manifest while kIdle
  PolicyValues policy_;
  std::optional<std::uint64_t> committed_offer_;  // of this leadership
  std::map<std::string, Told> refusals_told_;     // agent -> what it said
  std::set<std::string> refused_by_;              // agents that are known to refuse it
  // What this leadership committed last, or what it began with; no manifest: not known.
  Content committed_content_;
  std::shared_ptr<const Manifest> damaged_manifest_;
  std::vector<std::string> damaged_;  // of what is committed: what this leader itself could not read
  Revision last_used_;                // the highest number that a manifest of this leadership may bear
  bool outranked_ = false;
  std::int64_t format_ = kOldestFormat;
  Electors electors_;
  std::map<std::string, Vote> votes_;  // to the current proposal
  TimePoint offered_at_;               // the newest offer
  TimePoint taken_at_;                 // what is being proposed: when it was offered
  TimePoint proposed_at_;
  HistoryEntry entry_;  // of what is being proposed
  std::vector<HistoryEntry> history_;
  int own_cuts_ = 0;
  Verdict verdict_;  // why it is withdrawn
  // The last proposal, if it was refused: by whom and why. Some say so only after it was withdrawn.
  struct Refused {
    Identity identity;
    std::map<std::string, std::string> by;
  };
  std::optional<Refused> refused_;
  std::optional<std::string> refused_digest_;
  TimePoint refused_until_;
  TimePoint held_again_at_;  // a hold's files are not proposed again before
  Blockage blockage_;
  std::optional<Blocked> blocked_;  // as shown
  int commits_ = 0;
  std::optional<std::string> failure_;
};

}  // namespace chorale::coordination
