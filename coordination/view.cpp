#include "coordination/view.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace chorale::coordination {
namespace {

// The word for a state; `words` in the order of the enum, whose last value is `last`.
template <auto last, std::size_t count>
std::string_view word(decltype(last) state, const std::array<std::string_view, count>& words) {
  static_assert(count == static_cast<std::size_t>(last) + 1);
  return words.at(static_cast<std::size_t>(state));
}

std::string_view word_of(Session::State state) {
  return word<Session::State::kBroken, 5>(state, {"idle", "opening", "connected", "disconnected", "broken"});
}
std::string_view word_of(RootKeeper::State state) {
  return word<RootKeeper::State::kRefused, 3>(state, {"unknown", "ready", "refused"});
}
std::string_view word_of(Membership::State state) {
  return word<Membership::State::kLeft, 7>(state,
                                           {"absent", "present", "unclear", "contested", "taken", "refused", "left"});
}
std::string_view word_of(Election::State state) {
  return word<Election::State::kLowest, 4>(state, {"out", "joining", "waiting", "lowest"});
}
std::string_view word_of(Pointer::State state) {
  return word<Pointer::State::kRead, 5>(state, {"unknown", "absent", "unreadable", "foreign", "read"});
}
std::string_view word_of(Follower::State state) {
  return word<Follower::State::kStaging, 3>(state, {"idle", "fetching", "staging"});
}
std::string_view word_of(Leader::State state) {
  return word<Leader::State::kLeading, 4>(state, {"following", "taking over", "loading", "leading"});
}
std::string_view word_of(Fence::State state) {
  return word<Fence::State::kHeld, 4>(state, {"none", "writing", "clearing", "held"});
}
std::string_view word_of(Takeover::State state) {
  return word<Takeover::State::kFailed, 8>(
      state, {"idle", "syncing", "reading", "numbering", "waiting", "writing", "done", "failed"});
}
std::string_view word_of(Publisher::State state) {
  return word<Publisher::State::kWithdrawing, 6>(
      state, {"idle", "uploading", "proposing", "voting", "committing", "withdrawing"});
}

std::string_view word_of(Collector::State state) {
  return word<Collector::State::kDeleting, 4>(state, {"resting", "surveying", "naming", "deleting"});
}

std::string_view word_of(Hold::State state) {
  return word<Hold::State::kCommitted, 4>(state, {"unknown", "none", "found", "on what is committed"});
}

std::string_view policy_word(const PoolPolicy& policy) {
  if (!policy.known()) return "unknown";
  if (!policy.values()) return "none yet";
  return policy.difference() ? "another than the pool's" : "the pool's";
}

}  // namespace

Description describe(const Machines& machines) {
  Description description;
  const auto add = [&description](std::string_view machine, std::string_view state, const Mirror* mirror) {
    std::string text = std::string(machine) + ": " + std::string(state);
    if (mirror != nullptr) text += ", " + mirror->describe();
    description.machines.push_back(std::move(text));
  };
  const Leader& leader = machines.leader;
  add("session", word_of(machines.session.state()), nullptr);
  add("root", word_of(machines.root.state()), &machines.root.mirror());
  add("membership", word_of(machines.membership.state()), &machines.membership.mirror());
  add("roster", std::to_string(machines.roster.ids().size()) + " agents", &machines.roster.list_mirror());
  add("members", std::to_string(machines.members.ids().size()) + " members", &machines.members.mirror());
  add("election", word_of(machines.election.state()), &machines.election.mirror());
  add("state", word_of(machines.pointer.state()), &machines.pointer.mirror());
  add("policy", policy_word(machines.policy), nullptr);
  add("follower", word_of(machines.follower.state()), nullptr);
  add("leader", word_of(leader.state()), nullptr);
  add("takeover", word_of(leader.takeover().state()), nullptr);
  add("fence", word_of(leader.fence().state()), nullptr);
  add("publisher", word_of(leader.publisher().state()), nullptr);
  add("hold", word_of(leader.hold().state()), nullptr);
  add("collector", word_of(leader.collector().state()), nullptr);
  description.waits_for = machines.context.describe_requests();
  return description;
}

namespace {

void view_others(const Machines& machines, ViewChanged& view) {
  for (const auto& [id, agent] : machines.roster.documents()) {
    if (id != machines.context.options.id && agent.applies) view.peers.push_back({id, agent.admin});
  }
  view.peer_applied = machines.roster.newest_applied_by(Roster::Others::kNotDown);
  const auto leader = machines.roster.documents().find(view.leader);
  if (leader != machines.roster.documents().end() && leader->first != machines.context.options.id) {
    view.blocked_there = leader->second.blocked;
    view.template_pushed = leader->second.template_pushed;
  }
}

}  // namespace

ViewChanged make_view(const Machines& machines) {
  const RootKeeper& root = machines.root;
  const Pointer& pointer = machines.pointer;
  ViewChanged view;
  view.connected = machines.context.link.connected;
  view.zookeeper_message = machines.session.message();
  if (view.connected && root.complaint()) {
    view.zookeeper_message = *root.complaint();
  } else if (view.connected && pointer.complaint()) {
    view.zookeeper_message = *pointer.complaint();
  }
  view.role = machines.leader.holds_leadership() ? Role::kLeader : Role::kFollower;
  if (const StateDocument* state = pointer.document()) {
    view.leader = state->leader;
    view.epoch = state->epoch;
    view.committed = state->committed;
    view.proposed = state->proposed;
    view.held = state->held;
    if (!view.held) view.released_by = machines.leader.hold().released_by();
  }
  view.registered = machines.membership.present();
  view.id_taken = machines.membership.state() == Membership::State::kTaken;
  view.registration_message = machines.membership.complaint().value_or("");
  view.agents = machines.roster.ids();
  view_others(machines, view);
  view.missing = machines.follower.missing();
  if (machines.roster.contains(machines.context.options.id)) {  // else the list is not of this session yet
    std::set_difference(machines.members.ids().begin(), machines.members.ids().end(), view.agents.begin(),
                        view.agents.end(), std::back_inserter(view.missing_members));
  }
  view.policy_difference = machines.policy.difference();
  view.leaderless_since = machines.leaderless_since;
  if (!machines.leader.holds_leadership()) return view;
  const Publisher& publisher = machines.leader.publisher();
  view.late = publisher.late();
  view.blocked = publisher.blocked();
  view.blocked_at = publisher.blocked_at();
  view.tree = machines.leader.collector().size();
  return view;
}

bool same_view(const ViewChanged& left, const ViewChanged& right) {
  const auto fields = [](const ViewChanged& view) {
    return std::tie(view.connected, view.zookeeper_message, view.role, view.leader, view.epoch, view.committed,
                    view.proposed, view.held, view.registered, view.id_taken, view.registration_message, view.agents,
                    view.peers, view.peer_applied, view.missing, view.missing_members, view.policy_difference,
                    view.leaderless_since, view.late, view.blocked, view.blocked_at, view.blocked_there,
                    view.template_pushed, view.tree);
  };
  return fields(left) == fields(right);
}

}  // namespace chorale::coordination
