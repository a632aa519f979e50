// What stands in the znodes, as values and as JSON. README.md lists the znodes.
//
// Every decode_* refuses what it cannot read with an Error of kind kMalformed that names the field; nothing unreadable
// ever becomes an empty value. Every encode() writes indented JSON that a person reads in zkCli.
//
// Versions. Agents of several versions work in one pool, so every decode_* ignores keys that it does not know. A
// missing key gets the member's default below, which means what versions did that did not write it; a key of another
// type is an error. What says which thing the document is about has no default, and without it the document is
// malformed:
//
//   root      format, cluster_id
//   state     format, cluster_id, epoch, term, last_revision, committed (null is said, never guessed)
//   header    epoch, revision, digest: the identity, wherever one stands
//   manifest  format, the header's identity, files, and of each file digest, bytes, chunks
//   agent     id, instance; result in a vote; since in blocked and drained
//   hold      revision, and so in the state's `held`
//   quarantined entry  app
//
// `format` is for what cannot be said by a new key, a new word among fixed ones included. A document of a format above
// the one that this agent reads is an Error of kind kNewerFormat: it is not led, changed or deleted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "coordination/errors.h"
#include "coordination/policy.h"
#include "coordination/types.h"

namespace chorale::coordination {

inline constexpr std::int64_t kOldestFormat = 1;
inline constexpr std::int64_t kFormat = 1;  // the newest that this version reads; it reads all from the oldest on

inline constexpr std::size_t kMaxTextBytes = 1024;
// A text for people, cut to kMaxTextBytes at a character's boundary: what an error of Nginx may take in a znode.
[[nodiscard]] std::string cut_text(std::string_view text);

// <root>
struct RootDocument {
  std::string cluster_id;
  std::int64_t format = kOldestFormat;  // as read; written by who comes first, for whatever comes later
};

// One revision as the pointer and the manifest name it.
struct RevisionHeader {
  Identity identity;
  std::string created_at;  // ISO 8601, UTC, milliseconds: for people, never for decisions
  std::string cause;       // at most 1 KB
  std::int64_t apps = 0;
  std::int64_t servers = 0;
  std::int64_t quarantined = 0;
  std::string policy{};  // policy_digest(); empty: unknown
  bool operator==(const RevisionHeader&) const = default;
};

// <root>/hold, an operator's: the proxies go on serving this revision's files, whatever else is offered. And `held` in
// the state, the leader's: the hold that is in force, with the identity that it means.
struct HoldDocument {
  Revision revision;  // 0, in a hold alone: "current", what is committed when the leader reads it
  std::string by;
  std::string reason;
  Epoch epoch{};  // of the revision; 0, in a hold alone: not said, the newest revision of that number
  // In `held` alone.
  std::string digest{};  // of the files; what is committed under the hold has the same
  std::string since{};   // ISO 8601, when the hold was set, by ZooKeeper's clock: for people
  std::string error{};   // why it is not the revision that the hold names, but what was committed then; at most 1 KB
  // In a hold alone: who released it. It holds nothing any more, as if its znode were gone, which it is soon.
  std::string released_by{};
  bool operator==(const HoldDocument&) const = default;
};
[[nodiscard]] inline Identity identity_of(const HoldDocument& held) { return {held.epoch, held.revision, held.digest}; }
// "held on 5.41 by jo: reason"; of a hold that is not in force yet "held on 41 by jo", "held on current by jo".
[[nodiscard]] std::string to_text(const HoldDocument& hold);
// "41", "5.41", "current", as operators name a revision; false: none of them.
[[nodiscard]] bool read_revision(std::string_view text, HoldDocument& into);

// <root>/state: the pointer, the one source of truth.
struct StateDocument {
  std::string cluster_id;
  Epoch epoch;
  std::string term;    // random id of the takeover that wrote this epoch
  std::string leader;  // the leader's agent id
  Revision last_revision;
  std::optional<RevisionHeader> committed;
  std::optional<RevisionHeader> proposed;
  std::optional<HoldDocument> held;
  std::int64_t format = kOldestFormat;
  bool operator==(const StateDocument&) const = default;
};

struct ChunkReference {
  std::string path;  // absolute, <root>/chunks/<digest>
  std::int64_t bytes = 0;
  std::string first_app;  // set for routes.json only: the first app id in the chunk
  bool operator==(const ChunkReference&) const = default;
};

struct FileEntry {
  std::string digest;  // sha-256 of the whole file, 64 hex
  std::int64_t bytes = 0;
  std::vector<ChunkReference> chunks;
  bool operator==(const FileEntry&) const = default;
};

struct QuarantineEntry {
  std::string app;
  std::string reason;
  std::string digest;      // of the definition that was refused
  std::string since = {};  // wall clock, for people
  bool operator==(const QuarantineEntry&) const = default;
};

// <root>/revisions/<epoch %06>.<revision %010>: immutable.
struct Manifest {
  RevisionHeader header;
  std::optional<Identity> parent;  // the committed identity when this was proposed
  // ISO 8601, by the leader's clock, for people: when the event arrived that `cause` names; empty: no event, or
  // unknown.
  std::string event_at{};
  std::vector<QuarantineEntry> quarantined;
  PolicyValues policy{};                   // of the leader that published it
  std::map<std::string, FileEntry> files;  // nginx.conf, routes.json, template
  std::int64_t format = kOldestFormat;
  bool operator==(const Manifest&) const = default;
};

enum class Role { kFollower, kLeader };
enum class Condition { kOk, kDegraded, kDown };  // "ok|degraded|down"
enum class VoteResult { kAck, kNack, kUnable };

struct Vote {
  Identity identity;
  VoteResult result = VoteResult::kUnable;
  std::string error;  // at most 1 KB
  bool operator==(const Vote&) const = default;
};

struct AppliedEntry {
  Identity identity;
  std::string at;  // ISO 8601, for people
  bool operator==(const AppliedEntry&) const = default;
};

// A change that cannot be committed.
struct Blocked {
  std::string since;   // ISO 8601, for people
  std::string reason;  // at most 1 KB
  bool operator==(const Blocked&) const = default;
};

// What Marathon's answers or our own rules would take away, and is not believed.
struct HeldLoss {
  std::string digest;  // kLossDigits hex digits: an operator accepts this loss and no other
  std::string reason;  // at most 1 KB
  bool operator==(const HeldLoss&) const = default;
};
inline constexpr std::size_t kLossDigits = 12;
// An operator keeps the balancer's traffic away from this proxy.
struct Drained {
  std::string by;
  std::string reason;  // at most 1 KB; may be empty
  std::string since;   // ISO 8601, for people
  bool operator==(const Drained&) const = default;
};
// What a hold keeps back.
struct WaitingChange {
  std::string since;  // ISO 8601, for people: when what is wanted was first other than what is held
  std::string what;   // at most 1 KB
  bool operator==(const WaitingChange&) const = default;
};
// How large the tree is, the root included.
struct TreeSize {
  std::int64_t znodes = 0;
  std::int64_t bytes = 0;  // of their data
  bool operator==(const TreeSize&) const = default;
};

// <root>/agents/<id>: ephemeral, written only when it changes.
struct AgentDocument {
  std::string id;
  std::string instance;  // uuid from state_dir/instance
  std::string host;
  std::string version;
  std::string started_at;
  std::string admin;  // "host:port" of the admin API
  Role role = Role::kFollower;
  Condition condition = Condition::kDegraded;  // JSON key "status"
  std::string message;                         // at most 1 KB
  std::optional<Vote> vote;
  std::optional<AppliedEntry> applied;
  std::string template_digest;
  bool marathon_reachable = false;
  bool may_lead = true;  // JSON key "lead"
  // JSON key "apply". False: an observer, which has neither a vote nor anything applied: older leaders, which do not
  // know the key, then count nothing of it either.
  bool applies = true;
  std::optional<AppliedEntry> shadow{};  // of an observer: what it wrote last
  std::int64_t sync_requests = 0;        // rises when this agent was asked for a full sync; the leader then makes one
  std::int64_t corrections = 0;          // rises when its own values changed; what was refused is offered again
  std::vector<std::string> missing;      // chunk digests that this agent could not find
  std::vector<std::int64_t> formats{kOldestFormat};  // what it reads, rising; at least one
  PolicyValues policy{};                             // what it would publish under
  std::optional<Drained> drained{};                  // about traffic alone: it votes, applies and leads as ever
  std::string nginx{};  // "up", "down", "reloading" (for a second by now), for people; empty: not said
  // Of the leader.
  std::vector<std::string> late;   // agents that it does not wait for, sorted
  std::optional<Blocked> blocked;  // for 5 s by now
  std::optional<HeldLoss> held_back{};
  std::optional<TreeSize> tree{};  // as it found it last
  std::optional<WaitingChange> waiting{};
  bool template_pushed = false;  // an operator pushed one for all: no agent's file is used
  bool operator==(const AgentDocument&) const = default;
};

// <root>/members/<id>: persistent.
struct MemberDocument {
  std::string host;
  std::string since;  // ISO 8601, for people
  bool operator==(const MemberDocument&) const = default;
};

// <root>/accept: what an operator has accepted, "policy" or the digest of a loss; bare, or as JSON with his name.
struct AcceptDocument {
  std::string what;
  std::string by;
  bool operator==(const AcceptDocument&) const = default;
};
inline constexpr std::string_view kAcceptPolicy = "policy";
[[nodiscard]] bool is_loss_digest(std::string_view text);

[[nodiscard]] std::string encode(const RootDocument& document);
[[nodiscard]] std::string encode(const StateDocument& document);
[[nodiscard]] std::string encode(const Manifest& document);
[[nodiscard]] std::string encode(const AgentDocument& document);
// What an operator writes; of `held` only what stands there.
[[nodiscard]] std::string encode(const HoldDocument& hold);
[[nodiscard]] std::string encode(const MemberDocument& document);
[[nodiscard]] std::string encode(const AcceptDocument& document);
// `newest`: the newest format that the caller reads.
[[nodiscard]] tl::expected<RootDocument, Error> decode_root(std::string_view text, std::int64_t newest = kFormat);
[[nodiscard]] tl::expected<StateDocument, Error> decode_state(std::string_view text, std::int64_t newest = kFormat);
[[nodiscard]] tl::expected<Manifest, Error> decode_manifest(std::string_view text, std::int64_t newest = kFormat);
[[nodiscard]] tl::expected<AgentDocument, Error> decode_agent(std::string_view text);
// Also what zkCli.sh can write, whose shell splits at blanks: 41, 5.41, current, {revision:41,by:jo,reason:deploy}.
[[nodiscard]] tl::expected<HoldDocument, Error> decode_hold(std::string_view text);
[[nodiscard]] tl::expected<MemberDocument, Error> decode_member(std::string_view text);
[[nodiscard]] tl::expected<AcceptDocument, Error> decode_accept(std::string_view text);

[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::string_view to_string(Condition condition);
[[nodiscard]] std::string_view to_string(VoteResult result);

// The digest of a revision: sha-256 over the lines "<name> <digest>\n" of its files, in the order of their names.
// It is the one of this identity, and consists of what the identity's digest says.
[[nodiscard]] bool is_manifest_of(const Identity& identity, const Manifest& manifest);
[[nodiscard]] std::string manifest_digest(const std::map<std::string, FileEntry>& files);
// The znode name of a manifest: "000007.0000000042".
[[nodiscard]] std::string manifest_name(Epoch epoch, Revision revision);
// nullopt: not the name of a manifest.
[[nodiscard]] std::optional<std::pair<Epoch, Revision>> parse_manifest_name(std::string_view name);

}  // namespace chorale::coordination
