// One agent's whole part in the cluster, as one pure machine: step(now, event) -> effects. Loop thread only.
//
// It composes Session (life of a handle), Membership (own znode), Election (who leads), Publisher (propose, commit) and
// Follower (fetch, vote), and routes store answers to the one that asked. It reads no clock, draws no random number,
// blocks on nothing, logs nothing. The agent performs the effects and posts the results back as events.
//
// What it never knows: Marathon, Nginx, templates. What it guarantees: invariants I1 - I4 of README.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordination/chunks.h"
#include "coordination/documents.h"
#include "coordination/store.h"
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
  std::chrono::milliseconds session_timeout{10'000};  // asked for; the negotiated one rules once connected
  std::chrono::milliseconds stage_timeout{3'000};     // 0: commit without waiting for votes
  std::chrono::milliseconds reread_interval{10'000};  // everything watched is also re-read this often
  // 128 random bits as hex, never the same twice: terms, election guids, cluster ids. Injected to keep this pure.
  std::function<std::string()> random_id;
};

// ---- Events: past tense, from the agent and from the store
// -----------------------------------------------------------

struct Started {
  std::optional<Identity> applied;  // what this agent's Nginx file says it serves, from its first line
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
struct Ticked {};  // at least every 100 ms; every deadline of this machine is checked here
// Leader only: the agent wants this published. Replaces an earlier offer that is not proposed yet.
struct StateOffered {
  std::uint64_t offer = 0;  // rises; comes back in OfferClosed
  std::vector<PublishedFile> files;
  std::string cause;
  std::int64_t apps = 0;
  std::int64_t servers = 0;
  std::vector<QuarantineEntry> quarantined;
  std::string created_at;  // wall clock, for people
};
struct StageFinished {  // the answer to StageRevision
  Identity identity;
  VoteResult result = VoteResult::kUnable;
  std::string error;
};
struct RevisionApplied {  // proven: the workers serve it
  Identity identity;
  std::string at;
};
// What the agent wants written into its znode beside what this machine knows by itself.
struct StatusChanged {
  Condition condition = Condition::kDegraded;
  std::string message;
  std::string template_digest;
  bool marathon_reachable = false;
};
struct SyncRequested {};      // somebody asked this agent for a full sync: the leader hears of it through our znode
struct HandoverRequested {};  // SIGTERM: give up leadership and membership at once, then Finished
using Event = std::variant<Started, SessionChanged, WatchFired, StoreReplied, Ticked, StateOffered, StageFinished,
                           RevisionApplied, StatusChanged, SyncRequested, HandoverRequested>;

// ---- Effects: imperative, to be performed in this order
// --------------------------------------------------------------

struct OpenHandle {  // Store::open
  Generation generation;
};
struct CloseHandle {};  // Store::close
struct SendRequest {    // Store::execute; the outcome comes back as StoreReplied with the same number
  std::uint64_t request = 0;
  Operation operation;
};
// This agent leads from now on: start a full sync with Marathon, offer what comes of it. `files` are the committed
// revision's, verified; nullopt: nothing was ever committed, or it could not be read (`reason` then says why).
struct LeadershipGained {
  Epoch epoch;
  std::optional<Manifest> committed;
  std::vector<PublishedFile> files;
  std::string reason;
};
struct LeadershipLost {  // drop all leader state; offers of that epoch are void
  std::string reason;
};
struct SyncWanted {  // leader only: another agent was asked for a full sync with Marathon
  std::string agent;
};
// The fate of an offer. Rejected: do not offer the same content again before something changed or a back-off has
// passed.
struct OfferClosed {
  enum class Fate { kCommitted, kRejected, kAbandoned };  // abandoned: nobody refused it (lost leadership, store error)
  std::uint64_t offer = 0;
  Fate fate = Fate::kAbandoned;
  Identity identity;
  std::string reason;               // e.g. the first nack's text
  std::vector<std::string> nacked;  // agent ids
};
// Write it beside the target, fill in local values, run nginx -t; answer with StageFinished. A newer one replaces it.
struct StageRevision {
  Identity identity;
  std::shared_ptr<const Manifest> manifest;
  std::vector<PublishedFile> files;
};
// Committed: apply it (stage it first if it is not the staged one). Rising identities only.
struct ApplyRevision {
  Identity identity;
  std::shared_ptr<const Manifest> manifest;
  std::vector<PublishedFile> files;
};
// What is known of the cluster without asking anybody; for health, metrics and the log.
struct ViewChanged {
  bool connected = false;
  std::string zookeeper_message;  // "OK", or why not
  Role role = Role::kFollower;
  std::string leader;
  Epoch epoch;
  std::optional<RevisionHeader> committed;
  std::optional<RevisionHeader> proposed;
  std::vector<std::string> agents;       // live ids, sorted
  std::optional<Identity> peer_applied;  // the newest that another live agent has applied
  std::vector<std::string> missing;      // chunks that could not be found
};
struct Note {  // one line for the log: a transition (info), degraded but serving (warning), an operator must act
               // (error)
  enum class Level { kInfo, kWarning, kError };
  Level level = Level::kInfo;
  std::string text;
};
struct Refuse {  // this agent must not run: e.g. another host uses its id. Exit, naming the reason.
  std::string reason;
};
struct HandedOver {};  // after HandoverRequested: own znodes are gone (or it took too long); close and exit
using Effect = std::variant<OpenHandle, CloseHandle, SendRequest, LeadershipGained, LeadershipLost, SyncWanted,
                            OfferClosed, StageRevision, ApplyRevision, ViewChanged, Note, Refuse, HandedOver>;
using Effects = std::vector<Effect>;

class Coordinator {
 public:
  explicit Coordinator(CoordinatorOptions options);
  ~Coordinator();
  Coordinator(Coordinator&&) noexcept;
  Coordinator& operator=(Coordinator&&) noexcept;

  [[nodiscard]] Effects step(TimePoint now, const Event& event);

  [[nodiscard]] bool leading() const;
  [[nodiscard]] Epoch epoch() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace chorale::coordination
