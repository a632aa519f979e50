// What happens to a Coordinator, in the past tense: from the store, and from the agent around it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordination/described_files.h"
#include "coordination/documents.h"
#include "coordination/history_document.h"
#include "coordination/store.h"
#include "coordination/types.h"

namespace chorale::coordination {

struct Started {
  std::optional<Identity> applied;  // what this agent's Nginx file says it serves, from its first line
  bool knows_content = false;       // of what it applied last: what it would start from where nothing is committed
};
struct SessionChanged {
  SessionEvent event;
};
struct WatchFired {
  WatchEvent event;
};
struct StoreReplied {
  std::uint64_t request = 0;  // as in SendRequest
  Outcome outcome;
};
struct Ticked {};  // every deadline is checked here: 50 ms apart in an agent, later if its loop is busy
// Leader only: the agent wants this published. Replaces an earlier offer that is not proposed yet.
struct StateOffered {
  std::uint64_t offer = 0;  // rises; comes back in OfferClosed
  DescribedFiles content;   // REQUIRES: for the coordinator's root
  std::string cause;
  std::int64_t apps = 0;
  std::int64_t servers = 0;
  std::vector<QuarantineEntry> quarantined;
  std::string created_at;      // wall clock, for people
  std::string event_at{};      // likewise: when the event arrived that `cause` names; empty: none
  ChangeSummary changes{};     // for the history alone
  std::string by{};            // likewise: the operator whose doing it is; empty: nobody's
  std::int64_t render_ms = 0;  // likewise: how long it took to make it
};
struct StageFinished {  // the answer to StageRevision
  Identity identity;
  VoteResult result = VoteResult::kUnable;
  std::string error;
};
// What this agent's answers came of is another now: what was not accepted is staged again at once, and the leader,
// which hears of it through our znode, takes the same offer again.
struct AnswersOutdated {};
struct RevisionApplied {  // proven: the workers serve it
  Identity identity;
  std::string at;
};
// What the agent wants written into its znode beside what this machine knows.
struct StatusChanged {
  Condition condition = Condition::kDegraded;
  std::string message;
  std::string template_digest;
  bool marathon_reachable = false;
  std::optional<HeldLoss> held_back{};     // leader only
  std::optional<WaitingChange> waiting{};  // leader only
  bool template_pushed = false;            // leader only
  std::optional<Drained> drained{};
  std::string nginx{};  // AgentDocument::nginx
};
struct PolicyAnnounced {  // at the start, and when a value is known that was not, or is another
  PolicyValues policy;
};
struct SyncRequested {};      // an operator asked this agent for a full sync: the leader hears of it through our znode
struct HandoverRequested {};  // SIGTERM: give up leadership and membership at once, then HandedOver
using Event =
    std::variant<Started, SessionChanged, WatchFired, StoreReplied, Ticked, StateOffered, StageFinished,
                 AnswersOutdated, RevisionApplied, StatusChanged, PolicyAnnounced, SyncRequested, HandoverRequested>;

}  // namespace chorale::coordination
