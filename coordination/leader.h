// This agent's leadership: when it begins, what it starts from, and everything that ends it. Pure; loop thread only.
//
// It owns the fence, the publisher and the collector. Without a leadership nothing of theirs is sent; when it ends all
// of its state is dropped, and the agent hears of it before anything else happens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "coordination/acceptance.h"
#include "coordination/collector.h"
#include "coordination/content_cache.h"
#include "coordination/context.h"
#include "coordination/election.h"
#include "coordination/fence.h"
#include "coordination/fetch.h"
#include "coordination/first_state.h"
#include "coordination/follower.h"
#include "coordination/history.h"
#include "coordination/hold.h"
#include "coordination/pointer.h"
#include "coordination/pool_policy.h"
#include "coordination/publisher.h"
#include "coordination/pushed_template.h"
#include "coordination/roster.h"
#include "coordination/takeover.h"
#include "coordination/uploader.h"

namespace chorale::coordination {

class Leader {
 public:
  //  kFollowing --lowest in a fresh list--> kTakingOver --fence held--> kLoading --what is committed was read-->
  //  kLeading
  //      ^                                       |                          |                                      |
  //      +--- another leader, not the lowest, not connected for 2/3 of the timeout, session over, refused write -----+
  //      |                                                      (own election znode deleted if another leads)
  //      +--- state gone or unreadable, an agent shows something newer: taken over again from a fresh list
  //      +--- nothing to start from, or not the pool's policy, and another agent has: own election znode deleted, at
  //           the tail again later
  enum class State { kFollowing, kTakingOver, kLoading, kLeading };

  Leader(Context& context, ContentCache& cache, Roster& roster, Election& election, Pointer& pointer,
         const PoolPolicy& policy);

  // `ready`: the directories are there and this agent is registered.
  void drive(bool ready, const std::string& cluster_id, const Follower& follower, bool quiet_for_too_long);
  // The session or the lineage is over, or this agent leaves: the leadership ends with it.
  void end(const std::string& reason);
  void suspect_acceptance() { acceptance_.suspect(); }
  void suspect_template() { pushed_.suspect(); }
  void suspect_hold() { hold_.suspect(); }
  void suspect_manifest() { publisher_.suspect_manifest(); }
  void offer(StateOffered offered) { publisher_.offer(std::move(offered)); }
  // What was refused is proposed again as soon as it is offered.
  void ask_again() { publisher_.ask_again(); }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Fence& fence() const { return fence_; }
  [[nodiscard]] const Takeover& takeover() const { return takeover_; }
  [[nodiscard]] const Publisher& publisher() const { return publisher_; }
  [[nodiscard]] const Collector& collector() const { return collector_; }
  [[nodiscard]] const Hold& hold() const { return hold_; }
  // Why what is offered is not published, while that is so.
  [[nodiscard]] const std::optional<std::string>& withheld() const { return withheld_; }
  // Its own term was seen in the state, and nothing has ended the leadership since.
  [[nodiscard]] bool holds_leadership() const { return state_ == State::kLoading || state_ == State::kLeading; }

 private:
  enum class After { kRetake, kStepDown };
  struct Ending {
    std::string reason;
    After after = After::kRetake;
    std::chrono::milliseconds at_least{0};  // how long it stays away then
  };

  void begin_takeover(const std::string& cluster_id);
  void on_takeover_ended();
  void load(const Follower& follower);
  void gain(std::string reason, const Content* content, const Follower& follower);
  void finish(const Ending& ending);
  void publish(const Follower& follower, bool may_propose);
  void hear_operator();
  void hear_template();
  // False: nothing may be proposed but what it has begun itself.
  [[nodiscard]] bool keep_hold();
  void publish_held();
  [[nodiscard]] std::optional<std::string> why_give_way() const;
  [[nodiscard]] std::optional<std::string> why_withhold(const Follower& follower, const StateOffered& offered) const;
  [[nodiscard]] bool rules_without_policy() const;
  [[nodiscard]] bool starts_from_nothing(const Follower& follower) const;
  [[nodiscard]] std::optional<Ending> why_over(const Follower& follower, bool quiet_for_too_long);
  [[nodiscard]] std::optional<Ending> observe_pointer();
  [[nodiscard]] std::optional<Ending> look_at_source();
  [[nodiscard]] std::optional<std::string> who_reaches_the_source() const;
  [[nodiscard]] std::optional<Ending> look_at_agents(const Follower& follower) const;
  // Some agent serves what the committed state does not replace: it is newer, or bears the same number by another
  // history.
  [[nodiscard]] bool outranked(const Follower& follower) const;
  [[nodiscard]] bool another_agent_can(const Vote& own) const;
  [[nodiscard]] std::chrono::milliseconds back_off() const;

  Context& context_;
  Roster& roster_;
  Election& election_;
  Pointer& pointer_;
  const PoolPolicy& policy_;
  Fence fence_;
  Takeover takeover_;
  Uploader uploader_;
  Collector collector_;
  Publisher publisher_;
  FirstState first_state_;
  Acceptance acceptance_;
  PushedTemplateWatch pushed_;
  Hold hold_;
  History history_;
  Fetch committed_;  // what the leadership starts from
  State state_ = State::kFollowing;
  std::uint64_t used_lists_ = 0;      // Election::lists() of the last takeover
  std::uint64_t observed_reads_ = 0;  // Pointer::reads() that were held against the fence
  int failures_ = 0;                  // leaderships in a row that ended early and without a commit
  std::optional<std::string> withheld_;
  std::optional<PolicyValues> accepted_;      // by an operator, for this leadership: what it differs in does not count
  std::string accepted_by_;                   // who it was, until something is committed
  std::optional<std::string> gave_way_;       // why, as it was logged last
  std::optional<TimePoint> unreached_since_;  // this agent cannot reach the source of the routes, another one can
  TimePoint hand_source_over_at_;             // not before
  TimePoint began_at_;
  TimePoint retry_at_;
};

}  // namespace chorale::coordination
