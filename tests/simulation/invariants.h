// The referee: sees every change of <root>/state and everything an agent applies, and keeps the first broken promise.
//
// It shares no code with the machines but the documents' formats. What an operator does to the tree (delete, damage,
// restore) begins a new incarnation of the state: what went back then was not a leader's doing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordination/chunks.h"
#include "coordination/documents.h"
#include "tests/fakes/fake_ensemble.h"

namespace chorale::coordination::simulation {

class Invariants {
 public:
  explicit Invariants(const FakeEnsemble& ensemble) : ensemble_(ensemble) {}

  // After every operation of an agent. True: it has changed the state.
  bool after_operation(const std::string& writer, const Operation& operation);
  // An operator with zkCli, or a backup: what is gone now, or not what it was, is no agent's fault.
  void before_operator();
  void after_operator();
  // nullopt: what the tree holds of revisions and chunks is what collecting leaves. Else what is left over, or lost.
  [[nodiscard]] std::optional<std::string> uncollected(int keep_revisions) const;

  // `reached`: the newest that the agent has applied, in whichever lineage; what its file says at a restart.
  void agent_applies(const std::string& id, std::optional<Identity>& reached, const Identity& identity,
                     const std::vector<PublishedFile>& files);

  void broken(const std::string& what) {
    if (!failure_) failure_ = what;
  }
  [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }
  [[nodiscard]] const std::optional<StateDocument>& state() const { return state_; }
  [[nodiscard]] std::int64_t state_changes() const { return changes_; }
  [[nodiscard]] std::int64_t commits() const { return commits_; }
  [[nodiscard]] bool was_committed(const Identity& identity) const { return committed_.count(key(identity)) > 0; }

 private:
  using Key = std::pair<std::pair<Epoch, Revision>, std::string>;
  struct Ruler {
    std::string writer;
    std::string term;
  };

  static Key key(const Identity& identity) { return {{identity.epoch, identity.revision}, identity.digest}; }
  void check_ruler(const StateDocument& next, const std::string& writer);
  void check_order(const StateDocument& next);
  void check_committed(const StateDocument& next);
  void check_held(const StateDocument& next, const std::string& writer);
  void look();
  void check_deletion(const std::string& writer, const Path& path);
  void check_content(const std::optional<RevisionHeader>& header, const std::string& writer);
  [[nodiscard]] std::set<Path> content_of(const Identity& identity) const;
  [[nodiscard]] std::set<Path> all_content() const;

  const FakeEnsemble& ensemble_;
  std::optional<std::string> failure_;
  std::optional<StateDocument> state_;  // as last seen, if it could be read
  std::int64_t created_zxid_ = 0;       // 0: there is none
  std::int64_t modified_zxid_ = 0;
  std::map<Epoch, Ruler> rulers_;  // of this incarnation
  std::set<Key> committed_;        // ever
  std::set<Path> meddled_with_;    // content that an operator has deleted or forged, ever
  std::set<Path> before_;          // all content, before an operator's hand
  std::int64_t changes_ = 0;
  std::int64_t commits_ = 0;
};

[[nodiscard]] std::string describe(const Identity& identity);
[[nodiscard]] std::string describe(const StateDocument& state);
// Of the texts themselves, not as the manifest claims.
[[nodiscard]] std::string digest_of(const std::vector<PublishedFile>& files);

}  // namespace chorale::coordination::simulation
