// A MemoryTree to which everything happens that networks and operators do to an ensemble: clients are cut off, sessions
// expire, servers go down, older backups are put back. Loop thread only; deterministic.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "coordination/memory_tree.h"

namespace chorale::coordination {

class FakeEnsemble final : public MemoryTree {
 public:
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
  using MemoryTree::nodes;
  [[nodiscard]] MemoryNodes snapshot() const { return nodes(); }
  // Puts back an older tree ({}: wiped data directories) as a restored ensemble does: no ephemeral survives, and the
  // old clients are refused without a word: they stay unconnected until they open a new handle.
  void restore(MemoryNodes nodes);

  // The same, but its sessions live on: the backup is so young that they stand in it, and its zxids go on above theirs.
  // Every client is cut off, and let in again if the ensemble is up.
  void put_back(MemoryNodes nodes);

  [[nodiscard]] SessionId open_session(MemoryClient& client) override;
  void close_session(SessionId session) override;
  // Ensures: kConnectionLoss for a session that is not connected; nothing has happened then.
  [[nodiscard]] Outcome execute(SessionId session, const Operation& operation) override;

 private:
  // Between a client and the tree: keeps what fires while the client is cut off.
  class Line final : public MemoryClient {
   public:
    Line(FakeEnsemble& ensemble, MemoryClient& client) : ensemble_(ensemble), client_(client) {}

    void let_in(SessionId session);
    void cut_off();
    void expire();
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] bool expired() const { return expired_; }

    void session_changed(SessionState /*state*/) override {}  // the ensemble tells, not the tree
    void watch_fired(const Path& path) override;

   private:
    FakeEnsemble& ensemble_;
    MemoryClient& client_;
    bool connected_ = false;
    bool expired_ = false;
    std::int64_t seen_zxid_ = 0;   // when it was cut off
    std::map<Path, bool> missed_;  // true: the watch was for a znode that was not there, and it came
  };

  [[nodiscard]] Line* line(SessionId session) const;

  std::map<SessionId, std::unique_ptr<Line>> lines_;
  bool available_ = true;
};

}  // namespace chorale::coordination
