// The server's half of MemoryStore: sessions, watches and the znodes. Loop thread only; deterministic.
//
// Tests and the simulation reach in here to do what networks and operators do: cut a client off, expire its session,
// take the ensemble down, put back an older backup.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
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
  // ---- From outside ----

  // The live sessions, connected or not, oldest first.
  [[nodiscard]] std::vector<SessionId> sessions() const;
  // Cuts the client off: replies under way are lost, the session and its ephemerals stay.
  void disconnect(SessionId session);
  // Lets it back in. As with ZooKeeper's SetWatches, a watch fires now if what it watches changed meanwhile.
  // A session that expired meanwhile hears so only now.
  void reconnect(SessionId session);
  // Ends the session: its ephemerals go. A client that is connected hears of it at once.
  void expire(SessionId session);
  // False: the ensemble is down, every client is cut off and a new one stays unconnected. True: all are let in.
  void set_available(bool available);
  [[nodiscard]] MemoryNodes snapshot() const { return nodes_; }
  // Puts back an older tree ({}: wiped data directories) as a restored ensemble does: no ephemeral survives, and the
  // old clients are refused without a word: they stay unconnected until they open a new handle.
  void restore(MemoryNodes nodes);
  [[nodiscard]] const MemoryNodes& nodes() const { return nodes_; }

  // ---- For clients ----

  // `client` must outlive the session: until close_session(), whatever happens to it here.
  [[nodiscard]] SessionId open_session(MemoryClient& client);
  void close_session(SessionId session);
  // Watch events that this operation causes are delivered before it returns, as a server sends them before the answer.
  // Ensures: kConnectionLoss for a session that is not connected; nothing has happened then.
  [[nodiscard]] Outcome execute(SessionId session, const Operation& operation);

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
    bool connected = false;
    bool expired = false;
    std::int64_t seen_zxid = 0;  // when it was cut off
    std::set<Watch> watches;
  };

  void connect(Session& session);
  void cut_off(Session& session);
  void end(SessionId id);
  void fire(const Path& path, const std::vector<WatchKind>& kinds);
  [[nodiscard]] bool missed(const Watch& watch, std::int64_t seen_zxid) const;
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
  bool available_ = true;
};

}  // namespace chorale::coordination
