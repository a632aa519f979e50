#include "coordination/coordinator.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordination/machines.h"
#include "coordination/overloaded.h"
#include "coordination/view.h"

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kHandoverLimit{300};
// One machine's answer may be another's question. Two rounds are the rule; more than this is a bug.
constexpr int kRoundsPerStep = 8;
constexpr int kTurnLimit = 2;  // session timeouts

}  // namespace

// The order in which the machines are asked, and what one tells the others.
class Coordinator::Parts : public Machines {
 public:
  using Machines::Machines;

  void handle(const Event& event);
  void settle();

 private:
  // kRunning --HandoverRequested--> kHandingOver --own znodes gone, or 300 ms--> kFinished
  enum class Phase { kRunning, kHandingOver, kFinished };

  void on_session(Session::Change change);
  void on_watch(const WatchEvent& event);
  void on_status(const StatusChanged& status);
  void on_applied(const RevisionApplied& applied);
  void hand_over();
  void drive_to_rest();
  void drive();
  void describe_self();
  void watch_leader();
  void watch_turn();
  void hear_requests();

  Phase phase_ = Phase::kRunning;
  int own_znodes_ = 0;  // still to be deleted while handing over
  TimePoint handover_deadline_;
  std::string cluster_id_;               // the lineage that the machines are in
  std::optional<TimePoint> turn_since_;  // first in the election, and not leading
  bool newer_format_ = false;            // as the last drive() found the tree
  std::uint64_t known_lists_ = 0;        // Roster::lists() that were searched for the own znode
  std::uint64_t heard_reads_ = 0;        // Roster::reads() that were searched for requests
  struct Requests {
    std::int64_t syncs = 0;
    std::int64_t corrections = 0;
  };
  std::map<std::string, Requests> requests_;  // as last seen, by agent id
  ViewChanged view_;
  bool view_shown_ = false;
};

void Coordinator::Parts::handle(const Event& event) {
  std::visit(Overloaded{
                 [this](const Started& started) {
                   follower.start(started);
                   if (started.applied) membership.document().applied = AppliedEntry{*started.applied, {}};
                   session.start();
                 },
                 [this](const SessionChanged& changed) { on_session(session.on_event(changed.event)); },
                 [this](const WatchFired& fired) { on_watch(fired.event); },
                 [this](const StoreReplied& replied) { context.reply(replied); },
                 [](const Ticked&) {},
                 [this](const StateOffered& offered) { leader.offer(offered); },
                 [this](const StageFinished& finished) { follower.on_stage_finished(finished); },
                 [this](const AnswersOutdated&) {
                   follower.ask_again();
                   leader.ask_again();
                   ++membership.document().corrections;
                 },
                 [this](const RevisionApplied& applied) { on_applied(applied); },
                 [this](const StatusChanged& status) { on_status(status); },
                 [this](const PolicyAnnounced& announced) { membership.document().policy = announced.policy; },
                 [this](const SyncRequested&) { ++membership.document().sync_requests; },
                 [this](const HandoverRequested&) { hand_over(); },
             },
             event);
}

void Coordinator::Parts::on_session(Session::Change change) {
  switch (change) {
    case Session::Change::kNone:
      return;
    case Session::Change::kConnected:  // watches may have fired unheard
      root.suspect();
      membership.suspect();
      members.suspect();
      roster.suspect();
      election.suspect();
      pointer.suspect();
      leader.suspect_template();
      leader.suspect_hold();
      leader.suspect_manifest();
      return;
    case Session::Change::kEnded:
      context.forget_requests();
      leader.end(session.message());
      root.reset();
      membership.reset();
      members.reset();
      roster.reset();
      election.reset();
      pointer.reset();
      policy.reset();
      follower.reset();
      return;
  }
}

void Coordinator::Parts::on_watch(const WatchEvent& event) {
  if (event.generation != context.link.generation) return;
  const Paths& paths = context.paths;
  const std::string& path = event.path.text();
  if (event.path == paths.root) root.suspect();
  if (event.path == paths.state) pointer.suspect();
  if (event.path == paths.members) members.suspect();
  if (event.path == paths.accept) leader.suspect_acceptance();
  if (event.path == paths.pushed_template) leader.suspect_template();
  if (event.path == paths.hold) leader.suspect_hold();
  if (path.starts_with(paths.revisions.text())) leader.suspect_manifest();
  if (path.starts_with(paths.agents.text())) roster.on_watch(event.path);
  if (path.starts_with(paths.election.text())) election.suspect();
}

void Coordinator::Parts::on_status(const StatusChanged& status) {
  AgentDocument& document = membership.document();
  document.condition = status.condition;
  document.message = cut_text(status.message);
  document.template_digest = status.template_digest;
  document.marathon_reachable = status.marathon_reachable;
  document.held_back = status.held_back;
  document.drained = status.drained;
  document.nginx = status.nginx;
  document.waiting = status.waiting;
  document.template_pushed = status.template_pushed;
}

void Coordinator::Parts::on_applied(const RevisionApplied& applied) {
  if (!context.options.applies) {
    membership.document().shadow = AppliedEntry{applied.identity, applied.at};
    return;
  }
  follower.on_applied(applied.identity);
  if (follower.applied() == applied.identity) {
    membership.document().applied = AppliedEntry{applied.identity, applied.at};
  }
}

void Coordinator::Parts::hand_over() {
  if (phase_ != Phase::kRunning) return;
  phase_ = Phase::kHandingOver;
  handover_deadline_ = context.now + kHandoverLimit;
  leader.end("handing over");
  own_znodes_ = 2;
  election.leave([this] { --own_znodes_; });  // first: the successor waits for this one
  membership.leave([this] { --own_znodes_; });
}

void Coordinator::Parts::settle() {
  drive_to_rest();
  if (phase_ == Phase::kHandingOver && (own_znodes_ == 0 || context.now >= handover_deadline_)) {
    phase_ = Phase::kFinished;
    context.effects.emplace_back(HandedOver{});
  }
  if (phase_ == Phase::kFinished) return;
  ViewChanged view = make_view(*this);
  if (view_shown_ && same_view(view, view_)) return;
  view_shown_ = true;
  view_ = view;
  context.effects.emplace_back(std::move(view));
}

void Coordinator::Parts::drive_to_rest() {
  for (int round = 0; round < kRoundsPerStep; ++round) {
    const std::size_t before = context.effects.size();
    if (phase_ == Phase::kRunning) drive();
    context.answer_unsent();
    if (round > 0 && context.effects.size() == before) return;
  }
  context.log(LogLine::Level::kError,
              "the coordinator does not come to rest: please report this\n" + to_text(coordination::describe(*this)));
}

void Coordinator::Parts::drive() {
  on_session(session.drive());
  root.drive();
  if (root.cluster_id() != cluster_id_) {
    if (!std::exchange(cluster_id_, root.cluster_id()).empty()) {
      leader.end("another cluster id at the root");
      pointer.forget();
      follower.change_lineage();
    }
  }
  const bool ready = root.ready() && membership.present();
  const bool leads = leader.state() != Leader::State::kFollowing;
  roster.drive(root.ready(), leads);
  if (roster.lists() != known_lists_) {
    known_lists_ = roster.lists();
    if (!roster.contains(context.options.id)) membership.suspect();
  }
  // What a newer version wrote is neither led nor changed: the place in the election goes to who can read it.
  const bool newer_format = root.newer_format() || pointer.newer_format();
  if (!std::exchange(newer_format_, newer_format) && newer_format) {
    leader.end("the tree is of a format that this version does not read");
    election.step_down(std::chrono::milliseconds{0});
  }
  election.drive(ready && !newer_format && context.options.may_lead);
  pointer.drive(root.ready(), root.cluster_id());
  members.drive(root.ready(), ready && !newer_format);
  policy.drive(root.ready(), membership.document().policy);
  follower.drive(pointer);
  leader.drive(ready, root.cluster_id(), follower, session.quiet_for_too_long());
  watch_turn();
  watch_leader();
  hear_requests();
  describe_self();
  membership.drive(root.ready());
}

// What stood there when an agent was first seen asks for nothing: every leadership begins with a full sync anyway.
void Coordinator::Parts::hear_requests() {
  if (std::exchange(heard_reads_, roster.reads()) == roster.reads()) return;
  std::erase_if(requests_, [this](const auto& entry) {
    return !roster.contains(entry.first) && members.ids().count(entry.first) == 0;
  });
  for (const auto& [id, document] : roster.documents()) {
    if (id == context.options.id) continue;
    const Requests now{document.sync_requests, document.corrections};
    const auto [seen, fresh] = requests_.try_emplace(id, now);
    const Requests before = std::exchange(seen->second, now);
    if (leader.state() != Leader::State::kLeading || fresh) continue;
    if (now.syncs > before.syncs) context.effects.emplace_back(SyncWanted{id});
    if (now.corrections <= before.corrections || !document.applies) continue;
    leader.ask_again();
    context.effects.emplace_back(RetryWanted{id});
  }
}

void Coordinator::Parts::describe_self() {
  AgentDocument& document = membership.document();
  document.role = leader.holds_leadership() ? Role::kLeader : Role::kFollower;
  document.vote = context.options.applies ? follower.vote() : std::nullopt;
  document.missing = follower.missing();
  const bool leads = leader.holds_leadership();
  document.late = leads ? leader.publisher().late() : std::vector<std::string>();
  document.blocked = leads ? leader.publisher().blocked() : std::nullopt;
  document.tree = leader.collector().size();
}

// Known while connected, once the agents were listed.
void Coordinator::Parts::watch_leader() {
  const StateDocument* state = pointer.document();
  const bool known = context.link.connected && state != nullptr && roster.contains(context.options.id);
  if (!known || roster.contains(state->leader)) {
    leaderless_since.reset();
  } else if (!leaderless_since) {
    leaderless_since = context.now;
  }
}

// Its turn, but it does not come to lead: perhaps the next one can. Waiting for older sessions to end is no failure.
void Coordinator::Parts::watch_turn() {
  const bool waits =
      leader.state() == Leader::State::kTakingOver && leader.takeover().state() == Takeover::State::kWaiting;
  if (!election.lowest() || leader.state() == Leader::State::kLeading || waits || !turn_since_) {
    turn_since_ = election.lowest() ? std::optional(context.now) : std::nullopt;
    return;
  }
  if (!context.link.connected || context.now < *turn_since_ + kTurnLimit * context.link.timeout) return;
  context.log(LogLine::Level::kWarning, "first in the election but not able to lead: the place goes to the next");
  leader.end("not able to lead in time");
  election.step_down(std::chrono::milliseconds{0});
  turn_since_.reset();
}

Coordinator::Coordinator(CoordinatorOptions options) : parts_(std::make_unique<Parts>(std::move(options))) {}
Coordinator::~Coordinator() = default;

Effects Coordinator::step(TimePoint now, const Event& event) {
  parts_->context.now = now;
  parts_->handle(event);
  parts_->settle();
  return std::exchange(parts_->context.effects, {});
}

Description Coordinator::describe() const { return coordination::describe(*parts_); }

bool Coordinator::leading() const { return parts_->leader.state() == Leader::State::kLeading; }

}  // namespace chorale::coordination
