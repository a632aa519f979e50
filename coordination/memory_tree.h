// The server's half of MemoryStore: sessions, watches and the znodes. Loop thread only; deterministic.
//
// It is always there: a session is connected from open_session() to close_session(). The tests' FakeEnsemble, built on
// this, does what networks and operators do.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "coordination/memory_nodes.h"
#include "coordination/store.h"

namespace chorale::coordination {

// A client as the tree sees it. Called in the middle of the tree's work: must only take note, never call back into it.
class MemoryClient {
 public:
  virtual void session_changed(SessionState state) = 0;
  virtual void watch_fired(const Path& path) = 0;

 protected:
  ~MemoryClient() = default;
};

class MemoryTree {
 public:
  MemoryTree() = default;
  MemoryTree(const MemoryTree&) = delete;
  MemoryTree& operator=(const MemoryTree&) = delete;
  virtual ~MemoryTree() = default;

  // `client` must outlive the session. It hears kConnected before this returns.
  [[nodiscard]] virtual SessionId open_session(MemoryClient& client);
  // Its ephemerals go. Nothing happens if the session is over already.
  virtual void close_session(SessionId session);
  // Watch events that this operation causes are delivered before it returns, as a server sends them before the answer.
  // REQUIRES: the session is open.
  [[nodiscard]] virtual Outcome execute(SessionId session, const Operation& operation);

 protected:
  [[nodiscard]] const MemoryNodes& nodes() const { return nodes_; }
  // Other znodes, and no session any more. No client hears of it.
  void replace(MemoryNodes nodes);
  // Other znodes under the sessions that live; their watches stay, and none fires.
  void put_back(MemoryNodes nodes) { nodes_ = std::move(nodes); }

 private:
  // Which change fires a watch depends on what was there when it was set.
  enum class WatchKind { kData, kMissing, kChildren };
  struct Watch {
    Path path;
    WatchKind kind = WatchKind::kData;
    auto operator<=>(const Watch&) const = default;
  };
  struct Session {
    MemoryClient* client = nullptr;
    std::set<Watch> watches;
  };

  void fire(const Path& path, const std::vector<WatchKind>& kinds);
  [[nodiscard]] tl::expected<void, Error> remove(const DeleteNode& request);

  [[nodiscard]] Outcome apply(SessionId session, const CreateNode& request);
  [[nodiscard]] Outcome apply(SessionId session, const ReadNode& request);
  [[nodiscard]] Outcome apply(SessionId session, const WriteNode& request);
  [[nodiscard]] Outcome apply(SessionId session, const DeleteNode& request);
  [[nodiscard]] Outcome apply(SessionId session, const ListChildren& request);
  [[nodiscard]] Outcome apply(SessionId session, const CheckNode& request);
  [[nodiscard]] Outcome apply(SessionId session, const SyncPath& request);

  MemoryNodes nodes_;
  std::map<SessionId, Session> sessions_;
  std::int64_t last_session_ = 0;
};

}  // namespace chorale::coordination
