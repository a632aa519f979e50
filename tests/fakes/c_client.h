// The functions of the ZooKeeper C client that we call, over a FakeEnsemble: linked in place of the library's, so that
// what calls them is tested without a server. A binary that links c_client.cpp has no other C client.
//
// What it lacks: threads of its own (its callbacks come on the loop), times, ACLs that forbid anything, pings.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/fakes/fake_ensemble.h"

namespace chorale::testing {

// What the handles of this process connect to, and what they were told. Handles of the host "nowhere" cannot be opened.
struct CClientWorld {
  std::shared_ptr<coordination::FakeEnsemble> ensemble = std::make_shared<coordination::FakeEnsemble>();
  std::function<void(std::function<void()>)> post;  // to the loop
  std::function<void()> while_opening;              // called on the thread that opens, before the handle is returned

  // For the next operation: a code that its function returns at once, or the answer it gets in place of the true one.
  int next_refusal = 0;
  int next_answer = 0;
  bool truncate_next_read = false;

  std::vector<std::string> credentials;  // of each handle that was given some
  int last_acl_entries = 0;              // of the last create
  int resolution_delay_ms = 0;
};

// The one of this process. Loop thread only, apart from `while_opening`.
[[nodiscard]] CClientWorld& c_client_world();
// A new one. REQUIRES: no handle is open; nothing is posted any more.
void reset_c_client_world();

[[nodiscard]] std::size_t open_c_client_handles();

// Sends an event to the watcher of every open handle, as the client would.
void send_c_client_event(int type, int state, const char* path);

}  // namespace chorale::testing
