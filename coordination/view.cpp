#include "coordination/view.h"

#include <tuple>

namespace chorale::coordination {

ViewChanged make_view(const Context& context, const Session& session, const Tree& tree, const Roster& roster,
                      const Pointer& pointer, const Leader& leader, const Follower& follower) {
  ViewChanged view;
  view.connected = context.link.connected;
  view.zookeeper_message = session.message();
  if (view.connected && !tree.complaint().empty()) {
    view.zookeeper_message = tree.complaint();
  } else if (view.connected && !pointer.complaint().empty()) {
    view.zookeeper_message = pointer.complaint();
  }
  view.role = leader.holds_term() ? Role::kLeader : Role::kFollower;
  if (const StateDocument* state = pointer.document()) {
    view.leader = state->leader;
    view.epoch = state->epoch;
    view.committed = state->committed;
    view.proposed = state->proposed;
  }
  view.agents = roster.ids();
  view.peer_applied = roster.newest_applied_by_others();
  view.missing = follower.missing();
  return view;
}

bool same_view(const ViewChanged& left, const ViewChanged& right) {
  const auto fields = [](const ViewChanged& view) {
    return std::tie(view.connected, view.zookeeper_message, view.role, view.leader, view.epoch, view.committed,
                    view.proposed, view.agents, view.peer_applied, view.missing);
  };
  return fields(left) == fields(right);
}

}  // namespace chorale::coordination
