#include "coordination/leader.h"

#include <algorithm>
#include <utility>

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kProvenAfter{30'000};  // a leadership that lasted this long did not fail
constexpr std::chrono::milliseconds kUnableLimit{15'000};
constexpr std::chrono::milliseconds kBackOffLimit{30'000};
constexpr int kFailuresAllowed = 3;
constexpr int kCutsAllowed = 1;  // own tests in a row that took longer than stage_timeout while others answered
// An agent that has just registered stands for election by then.
constexpr std::chrono::milliseconds kGiveWayFor{1'000};
// Longer than another's word may be old: it pings every 10 s, for 3 s.
constexpr std::chrono::milliseconds kUnreachedLimit{15'000};
// If that did not help, going to and fro would not either.
constexpr std::chrono::minutes kHandSourceOverAgain{5};

}  // namespace

Leader::Leader(Context& context, ContentCache& cache, Roster& roster, Election& election, Pointer& pointer,
               const PoolPolicy& policy)
    : context_(context),
      roster_(roster),
      election_(election),
      pointer_(pointer),
      policy_(policy),
      fence_(context),
      takeover_(context, roster, fence_, pointer),
      uploader_(context),
      collector_(context, uploader_, fence_),
      publisher_(context, cache, roster, fence_, pointer, uploader_),
      first_state_(context, roster),
      acceptance_(context),
      pushed_(context),
      hold_(context, cache, policy),
      history_(context, roster),
      committed_(context, cache, "leader") {}

void Leader::drive(bool ready, const std::string& cluster_id, const Follower& follower, bool quiet_for_too_long) {
  if (state_ != State::kFollowing) {
    fence_.drive();
    if (const auto ending = why_over(follower, quiet_for_too_long)) finish(*ending);
  }
  switch (state_) {
    case State::kFollowing:
      if (ready && context_.link.connected && election_.lowest() && election_.lists() > used_lists_ &&
          context_.now >= retry_at_) {
        if (const auto reason = why_give_way()) {
          if (reason != gave_way_) context_.log(LogLine::Level::kWarning, "does not lead: " + *reason);
          gave_way_ = reason;
          return election_.step_down(kGiveWayFor);
        }
        begin_takeover(cluster_id);
      }
      return;
    case State::kTakingOver:
      takeover_.drive(follower.applied());
      return on_takeover_ended();
    case State::kLoading:
      return load(follower);
    case State::kLeading:
      return publish(follower, ready && context_.link.connected);
  }
}

// It was never committed, so nothing holds it against what is served but what this agent knows.
bool Leader::starts_from_nothing(const Follower& follower) const {
  return fence_.held() && !fence_.document().committed && !follower.knows_content();
}

// Another agent has the pool's policy, and this one has not.
std::optional<std::string> Leader::why_give_way() const {
  if (!policy_.difference() || !policy_.another() || accepted_ == policy_.own()) return std::nullopt;
  return "another policy than the pool's: " + *policy_.difference() + "; " + *policy_.another() + " has the pool's";
}

bool Leader::rules_without_policy() const { return policy_.difference() && accepted_ != policy_.own(); }

std::optional<std::string> Leader::why_withhold(const Follower& follower, const StateOffered& offered) const {
  if (rules_without_policy()) {
    return "no registered agent has the pool's policy: " + *policy_.difference() +
           "; `chorale accept policy` makes this agent's policy the pool's";
  }
  if (offered.apps == 0 && starts_from_nothing(follower)) return first_state_.why_not_empty(began_at_);
  return std::nullopt;
}

// What is withheld is closed, not kept: it would be old when its time comes.
void Leader::publish(const Follower& follower, bool may_propose) {
  hear_operator();
  hear_template();
  publisher_.use_policy(policy_.published());
  may_propose = keep_hold() && may_propose;
  if (const StateOffered* offered = publisher_.pending()) {
    auto reason = why_withhold(follower, *offered);
    if (reason && reason != withheld_) context_.log(LogLine::Level::kWarning, "not published: " + *reason);
    if (reason) publisher_.withhold(*reason);
    withheld_ = std::move(reason);
  }
  publisher_.drive(follower.vote(), may_propose);
  for (HistoryEntry& entry : publisher_.take_history()) {
    const std::string accepted_by = std::exchange(accepted_by_, {});  // nothing was published before that word
    if (entry.by.empty()) entry.by = accepted_by;
    history_.add(std::move(entry));
  }
  history_.drive(follower.applied());
  collector_.drive();
}

// Between two proposals alone: what was proposed before the hold was read is finished, and what is committed by then is
// what "current" means.
bool Leader::keep_hold() {
  if (!fence_.held()) return true;  // a write is under way, which nothing passes
  const auto& stands = fence_.document().held;
  const auto& committed = fence_.document().committed;
  hold_.drive(committed);
  if (!hold_.known()) return false;
  const bool keeps_back = hold_.wanted(committed) || stands;
  if (keeps_back) publisher_.keep_back(stands ? to_text(*stands) : "there is a hold");
  if (!publisher_.idle() || !context_.link.connected) return !keeps_back;
  auto held = hold_.held(stands, committed);
  if (held != stands) {
    publisher_.write_held(std::move(held), hold_.released_by());
  } else if (stands) {
    publish_held();
  }
  return !keeps_back;
}

// Under a hold nobody offers what has to be published again for another reason.
void Leader::publish_held() {
  const StateDocument& state = fence_.document();
  const bool others = !state.committed || state.committed->identity.digest != state.held->digest;
  if (!others && !publisher_.outranked() && state.format == publisher_.format()) return;
  const Content content = others ? hold_.content() : publisher_.committed_content();
  if (content.manifest) publisher_.publish_held(content);
}

void Leader::hear_operator() {
  acceptance_.drive();
  const auto word = acceptance_.take();
  if (!word) return;
  if (word->what != kAcceptPolicy) {
    context_.effects.emplace_back(LossAccepted{word->what, word->by});
    return;
  }
  if (!rules_without_policy()) {
    return context_.log(LogLine::Level::kWarning, "a policy was accepted by " + word->by + ", and none waits for it");
  }
  context_.log(LogLine::Level::kWarning,
               word->by + " has accepted this agent's policy for the pool: " + *policy_.difference());
  accepted_ = policy_.own();
  accepted_by_ = word->by;
  if (withheld_) publisher_.end_withholding("the policy is accepted, and the routes are offered again in a moment");
}

void Leader::hear_template() {
  pushed_.drive();
  if (pushed_.take_change()) context_.effects.emplace_back(TemplatePushed{pushed_.found()});
}

void Leader::begin_takeover(const std::string& cluster_id) {
  state_ = State::kTakingOver;
  began_at_ = context_.now;
  takeover_.start(cluster_id);
}

void Leader::on_takeover_ended() {
  if (takeover_.state() == Takeover::State::kFailed) {
    context_.log(LogLine::Level::kWarning, "takeover failed: " + takeover_.reason());
    const bool again = failures_ + 1 < kFailuresAllowed;
    return finish(Ending{takeover_.reason(), again ? After::kRetake : After::kStepDown});
  }
  if (takeover_.state() != Takeover::State::kDone) return;
  state_ = State::kLoading;
  observed_reads_ = pointer_.reads();  // every later read was answered after our own write
  if (fence_.last_stat()) {
    pointer_.wrote(fence_.document(), *fence_.last_stat());
  } else {
    pointer_.suspect();
  }
  if (const auto& committed = fence_.document().committed) committed_.start(committed->identity);
}

void Leader::load(const Follower& follower) {
  if (!policy_.known()) return;  // it may not be this agent's turn
  pushed_.drive();
  if (!pushed_.known()) return;  // else its first offer could be made with another template
  const auto& committed = fence_.document().committed;
  if (!committed) return gain("nothing was ever committed", nullptr, follower);
  committed_.drive();
  switch (committed_.state()) {
    case Fetch::State::kDone:
      return gain({}, &committed_.content(), follower);
    case Fetch::State::kMissing:
      if (committed_.newer_format()) return finish(Ending{committed_.reason(), After::kStepDown});
      publisher_.set_damaged(committed_.manifest(), committed_.missing());
      return gain("what is committed cannot be read: " + committed_.reason(), nullptr, follower);
    case Fetch::State::kIdle:
    case Fetch::State::kManifest:
    case Fetch::State::kChunks:
      return;
  }
}

void Leader::gain(std::string reason, const Content* content, const Follower& follower) {
  state_ = State::kLeading;
  publisher_.begin_leadership(outranked(follower), roster_.common_format().value_or(fence_.document().format));
  collector_.begin_leadership();
  LeadershipGained gained{fence_.epoch(),
                          std::nullopt,
                          {},
                          std::move(reason),
                          fence_.document().cluster_id,
                          pushed_.found(),
                          fence_.document().held.has_value()};
  const auto& held = fence_.document().held;
  const auto& committed = fence_.document().committed;
  gained.restored = held && committed && identity_of(*held) != committed->identity;
  if (content != nullptr) {
    gained.committed = *content->manifest;
    gained.files = content->files;
    publisher_.set_committed(*content);
  }
  (void)pushed_.take_change();
  if (committed) history_.begin(*committed, held);
  committed_.reset();
  context_.log_news(gained.committed ? LogLine::Level::kInfo : LogLine::Level::kWarning,
                    "leading in epoch " + std::to_string(gained.epoch.value) +
                        (gained.committed ? std::string() : "; " + gained.reason));
  context_.effects.emplace_back(std::move(gained));
}

void Leader::end(const std::string& reason) {
  if (state_ != State::kFollowing) finish(Ending{reason, After::kRetake});
}

void Leader::finish(const Ending& ending) {
  const bool told = state_ == State::kLeading;
  if (state_ == State::kLoading) context_.log(LogLine::Level::kWarning, "does not come to lead: " + ending.reason);
  const bool proven = publisher_.commits() > 0 || context_.now - began_at_ >= kProvenAfter;
  failures_ = holds_leadership() && proven ? 0 : failures_ + 1;
  publisher_.end_leadership(ending.reason);
  collector_.reset();
  fence_.reset();
  takeover_.reset();
  committed_.reset();
  acceptance_.reset();
  pushed_.reset();
  hold_.reset();
  history_.reset();
  accepted_.reset();
  accepted_by_.clear();
  unreached_since_.reset();
  state_ = State::kFollowing;
  withheld_.reset();
  used_lists_ = election_.lists();
  retry_at_ = context_.now + (failures_ > 0 ? kRetryDelay : std::chrono::milliseconds{0});
  switch (ending.after) {
    case After::kRetake:
      election_.suspect();
      break;
    case After::kStepDown:
      election_.step_down(std::max(back_off(), ending.at_least));
      break;
  }
  if (told) context_.effects.emplace_back(LeadershipLost{ending.reason});
}

std::chrono::milliseconds Leader::back_off() const {
  if (failures_ < kFailuresAllowed) return std::chrono::milliseconds{0};
  const std::chrono::milliseconds doubled{1'000LL << std::min(failures_ - kFailuresAllowed, 5)};
  return std::min(doubled, kBackOffLimit) + context_.spread(std::chrono::milliseconds{500}, 0);
}

std::optional<Leader::Ending> Leader::why_over(const Follower& follower, bool quiet_for_too_long) {
  if (quiet_for_too_long) return Ending{"not connected for 2/3 of the session timeout", After::kRetake};
  if (!election_.lowest()) return Ending{"no longer the first in the election", After::kRetake};
  if (!holds_leadership()) return std::nullopt;
  if (fence_.state() == Fence::State::kNone) return Ending{fence_.why_lost(), After::kStepDown};
  if (publisher_.failure()) return Ending{*publisher_.failure(), After::kStepDown};
  if (auto ending = observe_pointer()) return ending;
  if (auto reason = why_give_way()) return Ending{std::move(*reason), After::kStepDown, kGiveWayFor};
  if (starts_from_nothing(follower)) {
    if (auto reason = first_state_.why_hand_over()) return Ending{std::move(*reason), After::kStepDown, kGiveWayFor};
  }
  if (auto ending = look_at_source()) return ending;
  return look_at_agents(follower);
}

// Where the routes come from is unreachable from here alone.
std::optional<Leader::Ending> Leader::look_at_source() {
  const auto who = who_reaches_the_source();
  if (!who) {
    unreached_since_.reset();
    return std::nullopt;
  }
  if (!unreached_since_) unreached_since_ = context_.now;
  if (context_.now < *unreached_since_ + kUnreachedLimit || context_.now < hand_source_over_at_) return std::nullopt;
  unreached_since_.reset();
  hand_source_over_at_ = context_.now + kHandSourceOverAgain;
  return Ending{"Marathon cannot be reached from here, and " + *who + " reaches it", After::kStepDown, kGiveWayFor};
}

// nullopt: this agent does too, or none does that could lead.
std::optional<std::string> Leader::who_reaches_the_source() const {
  const auto& agents = roster_.documents();
  const auto own = agents.find(context_.options.id);
  if (own == agents.end() || own->second.marathon_reachable) return std::nullopt;
  const auto could_lead = [this](const AgentDocument& agent) {
    return agent.may_lead && agent.marathon_reachable && (agent.condition != Condition::kDown || agent.drained) &&
           (!policy_.values() || !policy_difference(agent.policy, *policy_.values()));
  };
  for (const auto& [id, agent] : agents) {
    if (id != context_.options.id && could_lead(agent)) return id;
  }
  return std::nullopt;
}

std::optional<Leader::Ending> Leader::observe_pointer() {
  if (pointer_.reads() == observed_reads_) return std::nullopt;
  observed_reads_ = pointer_.reads();
  if (!fence_.held()) return std::nullopt;  // the write under way will tell
  switch (pointer_.state()) {
    case Pointer::State::kUnknown:
      return std::nullopt;
    case Pointer::State::kAbsent:
    case Pointer::State::kUnreadable:
    case Pointer::State::kForeign:
      return Ending{"the state is gone or cannot be read", After::kRetake};
    case Pointer::State::kRead:
      break;
  }
  if (fence_.went_back(*pointer_.document(), pointer_.version())) {
    return Ending{"the state went back to an earlier version", After::kRetake};
  }
  const auto over = fence_.observe(*pointer_.document(), pointer_.version());
  if (!over) return std::nullopt;
  return Ending{*over, After::kStepDown};
}

std::optional<Leader::Ending> Leader::look_at_agents(const Follower& follower) const {
  const auto newest = roster_.newest_applied_by(Roster::Others::kAll);
  if (newest && newest->epoch > fence_.epoch()) {
    return Ending{"an agent has applied epoch " + std::to_string(newest->epoch.value), After::kRetake};
  }
  // An older backup was restored, and an agent that was away comes back with what has been lost: number above it.
  if (state_ == State::kLeading && fence_.held() && publisher_.idle() && !publisher_.outranked() &&
      outranked(follower)) {
    return Ending{"an agent has applied what the state does not know", After::kRetake};
  }
  if (publisher_.own_cuts() > kCutsAllowed && publisher_.state() == Publisher::State::kIdle) {
    return Ending{"its own test took longer than stage_timeout twice in a row, and another agent's did not",
                  After::kStepDown};
  }
  const auto format = roster_.common_format();
  if (state_ == State::kLeading && publisher_.idle() && format && *format != publisher_.format()) {
    return Ending{"all registered agents read format " + std::to_string(*format) + " and no newer one", After::kRetake};
  }
  const bool unable = follower.unable_since() && context_.now - *follower.unable_since() >= kUnableLimit;
  if (unable && follower.vote() && another_agent_can(*follower.vote())) {
    return Ending{"cannot test what it publishes, and another agent can: " + follower.vote()->error, After::kStepDown};
  }
  return std::nullopt;
}

bool Leader::outranked(const Follower& follower) const {
  const auto& committed = fence_.document().committed;
  const auto replaced = [&committed](const Identity& applied) {
    if (beyond_belief(applied.epoch, applied.revision)) return true;  // nothing is above it
    return committed && (applied.older_than(committed->identity) || applied == committed->identity);
  };
  if (follower.applied() && !replaced(*follower.applied())) return true;
  const auto& agents = roster_.documents();
  return std::any_of(agents.begin(), agents.end(), [&](const auto& entry) {
    const auto& [id, agent] = entry;
    return id != context_.options.id && agent.applied && !replaced(agent.applied->identity);
  });
}

bool Leader::another_agent_can(const Vote& own) const {
  const auto& agents = roster_.documents();
  return std::any_of(agents.begin(), agents.end(), [&](const auto& entry) {
    const auto& [id, agent] = entry;
    return id != context_.options.id && agent.may_lead && agent.vote && agent.vote->identity == own.identity &&
           agent.vote->result == VoteResult::kAck;
  });
}

}  // namespace chorale::coordination
