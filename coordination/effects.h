// What a Coordinator wants done, in the imperative: by the store's shell, and by the agent. To be performed in order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordination/chunks.h"
#include "coordination/documents.h"
#include "coordination/log_line.h"
#include "coordination/store.h"
#include "coordination/types.h"

namespace chorale::coordination {

// For the store.

struct OpenHandle {  // Store::open
  Generation generation;
};
struct CloseHandle {};  // Store::close
struct SendRequest {    // Store::execute; the outcome comes back as StoreReplied with the same number
  std::uint64_t request = 0;
  Operation operation;
};
using StoreEffect = std::variant<OpenHandle, CloseHandle, SendRequest>;

// For the agent.

// What an operator pushed to <root>/template, complete and verified.
struct PushedTemplate {
  std::shared_ptr<const std::string> text;
  std::string by;
  std::string at;
};
struct PushedTemplates {
  std::optional<PushedTemplate> ruling;  // of all agents but the canaries; nullopt: the leader's own file rules
  std::optional<PushedTemplate> canary;  // of these agents alone:
  std::vector<std::string> canaries;
  // What stands there cannot be read: then nothing else is said here, and what was used goes on being used.
  std::optional<std::string> trouble;
  std::string by{};          // who made it so
  bool rolled_back = false;  // by going back to an earlier one
};

// This agent leads from now on: start a full sync with Marathon, offer what comes of it. `files` are the committed
// revision's, verified; nullopt: nothing was ever committed, or it could not be read.
struct LeadershipGained {
  Epoch epoch;
  std::optional<Manifest> committed;
  std::vector<PublishedFile> files;
  std::string reason;  // why `committed` is nullopt
  std::string cluster_id = {};
  PushedTemplates pushed = {};
  bool held = false;      // what is committed is what an operator holds, as the last leader left it
  bool restored = false;  // and that is a revision of an earlier day, its template too
};
struct TemplatePushed {  // leader only: what stands at <root>/template has changed
  PushedTemplates pushed;
};
struct LeadershipLost {  // drop all leader state; offers of that epoch are void
  std::string reason;
};
struct SyncWanted {  // leader only: another agent was asked for a full sync with Marathon
  std::string agent;
};
struct RetryWanted {  // leader only: another agent's own values were corrected, it may accept what it refused
  std::string agent;
};
struct LossAccepted {  // leader only: an operator says that this loss is real
  std::string digest;
  std::string by;
};
// How an offer ended.
enum class Fate {
  kCommitted,
  kRejected,   // by Nginx: do not offer the same content again before something changed or a back-off has passed
  kAbandoned,  // not refused by anyone: leadership was lost, a newer offer came, the store failed
};
struct OfferClosed {
  std::uint64_t offer = 0;
  Fate fate = Fate::kAbandoned;
  Identity identity;
  std::string reason;               // e.g. the first nack's text, also of a minority that could not prevent a commit
  std::vector<std::string> nacked;  // agent ids
};
// Leader only: an agent that was not waited for refuses what is committed since. Told once of each agent and offer.
struct CommitRefused {
  std::uint64_t offer = 0;  // whose content is committed
  std::string agent;
  std::string reason;
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
// Leader only: what an operator holds is committed, and is not what the agent around has offered. What comes from now
// on starts from there.
struct HeldCommitted {
  std::shared_ptr<const Manifest> manifest;
  std::vector<PublishedFile> files;
};
struct PeerAddress {  // another registered agent
  std::string id;
  std::string admin;  // "host:port" of its admin API, as it says itself
  bool operator==(const PeerAddress&) const = default;
};
// What is known of the cluster without asking; for health, metrics and the log.
struct ViewChanged {
  bool connected = false;
  std::string zookeeper_message;  // "OK", or why not
  Role role = Role::kFollower;
  std::string leader;
  Epoch epoch;
  std::optional<RevisionHeader> committed;
  std::optional<RevisionHeader> proposed;
  std::optional<HoldDocument> held;            // the hold in force: nothing else than its files is published
  bool registered = false;                     // this agent's own znode is there, and is its own
  bool id_taken = false;                       // another agent's stands there, and has for longer than a ghost would
  std::string registration_message;            // why not, where that is known
  std::vector<std::string> agents;             // live ids, sorted
  std::vector<PeerAddress> peers;              // the others, by id
  std::optional<Identity> peer_applied;        // the newest that another live agent, which is not down, has applied
  std::vector<std::string> missing;            // chunks that could not be found
  std::vector<std::string> missing_members{};  // members that are not registered, sorted
  // The state names a leader that is not registered: since when, on the steady clock.
  std::optional<TimePoint> leaderless_since;
  // While this agent leads.
  std::vector<std::string> late;        // agents that are not waited for, sorted
  std::optional<Blocked> blocked;       // a change that cannot be committed
  std::optional<TimePoint> blocked_at;  // since when, on the steady clock
  std::optional<TreeSize> tree;         // as it found it last
  std::string released_by{};            // nothing is held: who released what was; empty: nobody, or unknown
  // While another agent leads, what its znode says; nullopt: none of that, or not known.
  std::optional<Blocked> blocked_there{};
  std::optional<bool> template_pushed{};
  // What this agent's policy has otherwise than the pool's: then it does not lead, or publishes nothing where no other
  // agent is there to lead.
  std::optional<std::string> policy_difference;
};
struct Refuse {  // this agent must not run: e.g. another host uses its id. Exit, naming the reason.
  std::string reason;
};
struct HandedOver {};  // after HandoverRequested: own znodes are gone (or it took too long); close and exit
using AgentEffect =
    std::variant<LeadershipGained, LeadershipLost, TemplatePushed, SyncWanted, RetryWanted, LossAccepted, OfferClosed,
                 CommitRefused, HeldCommitted, StageRevision, ApplyRevision, ViewChanged, LogLine, Refuse, HandedOver>;

using Effect = std::variant<StoreEffect, AgentEffect>;
using Effects = std::vector<Effect>;

}  // namespace chorale::coordination
