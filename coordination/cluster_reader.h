// Reads the whole cluster once, for people: `chorale status`, `chorale routes`, /v1/status. Loop thread only.
//
// Read-only and unfenced: what it shows may be a moment old. It never takes part in the protocol.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "coordination/description.h"
#include "coordination/documents.h"
#include "coordination/policy.h"
#include "coordination/store.h"
#include "coordination/template_document.h"

namespace chorale::coordination {

struct Member {
  std::string id;
  MemberDocument document;
};

struct ClusterSnapshot {
  RootDocument root;
  StateDocument state;
  std::vector<AgentDocument> agents;    // sorted by id; one that cannot be read is left out and named in unreadable
  std::vector<std::string> unreadable;  // "<id>: why"
  std::vector<Member> members{};        // sorted by id, registered or not
  PolicyValues committed_policy{};      // empty: unknown
  std::vector<QuarantineEntry> quarantined{};  // what is committed; state.committed counts them, also if this is empty
  std::map<std::string, std::string> committed_files{};  // digests by name; empty: unknown
  std::optional<TemplateDocument> pushed_template{};     // one that cannot be read is named in unreadable
};

// As the agents see it, from the same documents; nullopt: there is none yet.
[[nodiscard]] std::optional<PolicyValues> pool_policy(const ClusterSnapshot& snapshot);
// Members without an agent.
[[nodiscard]] std::vector<Member> missing_members(const ClusterSnapshot& snapshot);

// Ensures: `done` is called exactly once, on the loop thread.
void read_cluster(Store& store, const Path& root, std::function<void(tl::expected<ClusterSnapshot, Error>)> done);
// One file of one revision, chunks fetched and every digest verified.
void read_file(Store& store, const Path& root, const Identity& identity, std::string name,
               std::function<void(tl::expected<std::string, Error>)> done);

// {"state": ..., "agents": [...], "quarantined": [...]} as /v1/status and `chorale status --json` print it.
// `own`: what this agent's Coordinator is doing, as {"coordination": {"machines": [...], "waits_for": [...]}}.
[[nodiscard]] std::string encode(const ClusterSnapshot& snapshot, const Description* own = nullptr);
// {"error": ...} where there is no snapshot.
[[nodiscard]] std::string encode(const Error& error, const Description* own = nullptr);

}  // namespace chorale::coordination
