// What one agent's Coordinator is told once, at its start.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "coordination/documents.h"
#include "coordination/types.h"

namespace chorale::coordination {

struct CoordinatorOptions {
  Path root{"/chorale"};
  std::string id;
  std::string instance;  // uuid, stable over restarts of the same state_dir
  std::string host;
  std::string version;
  std::string started_at;
  std::string admin;
  bool may_lead = true;  // false: never in the election
  // False: an observer. It follows what is committed and serves nothing, so that nobody waits for it and nothing that
  // it says counts. REQUIRES: it may not lead.
  bool applies = true;
  bool alone = false;                                 // the store is this process's own: there is no other agent
  std::chrono::milliseconds session_timeout{10'000};  // asked for; the negotiated one rules once connected
  std::chrono::milliseconds stage_timeout{3'000};     // 0: commit without waiting for votes
  std::chrono::milliseconds reread_interval{10'000};  // everything watched is also re-read this often
  int keep_revisions = 20;                            // of the chain that ends with what is committed; at least 1
  std::chrono::milliseconds collect_interval{std::chrono::minutes(10)};
  std::int64_t newest_format = kFormat;  // it reads all from kOldestFormat on; less or more in tests
  // 128 random bits as hex, never the same twice: terms, election guids, cluster ids. Injected to keep this pure.
  std::function<std::string()> random_id;
};

}  // namespace chorale::coordination
