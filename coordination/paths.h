// The znodes of one pool, below its root. README.md says what stands in them.
#pragma once

#include <utility>

#include "coordination/types.h"

namespace chorale::coordination {

struct Paths {
  explicit Paths(Path root_path)
      : root(std::move(root_path)),
        agents(root.child("agents")),
        election(root.child("election")),
        revisions(root.child("revisions")),
        chunks(root.child("chunks")),
        members(root.child("members")),
        state(root.child("state")),
        hold(root.child("hold")),
        accept(root.child("accept")),
        history(root.child("history")),
        pushed_template(root.child("template")) {}

  Path root;
  Path agents;
  Path election;
  Path revisions;
  Path chunks;
  Path members;
  Path state;
  Path hold;
  Path accept;
  Path history;
  Path pushed_template;
};

}  // namespace chorale::coordination
