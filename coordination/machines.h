// Every machine of one agent, as they are built on each other. Never moved: continuations point into it.
#pragma once

#include <optional>
#include <utility>

#include "coordination/content_cache.h"
#include "coordination/context.h"
#include "coordination/election.h"
#include "coordination/follower.h"
#include "coordination/leader.h"
#include "coordination/members.h"
#include "coordination/membership.h"
#include "coordination/pointer.h"
#include "coordination/pool_policy.h"
#include "coordination/root_keeper.h"
#include "coordination/roster.h"
#include "coordination/session.h"

namespace chorale::coordination {

struct Machines {
  explicit Machines(CoordinatorOptions options)
      : context(std::move(options)),
        session(context),
        root(context),
        membership(context),
        members(context),
        roster(context),
        election(context),
        pointer(context),
        policy(context, roster, members, pointer),
        follower(context, cache),
        leader(context, cache, roster, election, pointer, policy) {}

  Context context;
  ContentCache cache;
  Session session;
  RootKeeper root;
  Membership membership;
  Members members;
  Roster roster;
  Election election;
  Pointer pointer;
  PoolPolicy policy;
  Follower follower;
  Leader leader;
  std::optional<TimePoint> leaderless_since;  // the state names a leader that is not registered
};

}  // namespace chorale::coordination
