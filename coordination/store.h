// The asynchronous client of a ZooKeeper tree, as data: operations go in, outcomes come out. Loop thread only.
//
// Implementations: ZookeeperStore (the real one), MemoryStore (standalone, and the tests' fake), FaultyStore (tests).
// Only ZooKeeper 3.4 operations exist here on purpose: no multi, TTL, containers, create2, addWatch.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "coordination/errors.h"
#include "coordination/types.h"

namespace chorale::coordination {

enum class NodeKind { kPersistent, kEphemeral, kEphemeralSequential };

// The answers.
struct Created {
  Path path;  // with the sequence number, where one was asked for
};
struct NodeRead {
  std::string data;
  Stat stat;
};
struct Written {
  Stat stat;
};
struct Deleted {};
struct Listed {
  std::vector<std::string> names;  // unsorted, without the parent
};
struct Checked {
  std::optional<Stat> stat;  // nullopt: not there (an answer, not an error)
};
struct Synced {};
using Answer = std::variant<Created, NodeRead, Written, Deleted, Listed, Checked, Synced>;
using Outcome = tl::expected<Answer, Error>;

// The operations, each with its answer.
struct CreateNode {
  using Answer = Created;
  Path path;
  std::string data;
  NodeKind kind = NodeKind::kPersistent;
};
struct ReadNode {
  using Answer = NodeRead;
  Path path;
  bool watch = false;
};
struct WriteNode {
  using Answer = Written;
  Path path;
  std::string data;
  Version expected;
};
struct DeleteNode {
  using Answer = Deleted;
  Path path;
  Version expected;
};
struct ListChildren {
  using Answer = Listed;
  Path path;
  bool watch = false;
};
struct CheckNode {  // "exists": the only operation that may watch a node that is not there
  using Answer = Checked;
  Path path;
  bool watch = false;
};
struct SyncPath {  // the reads after its answer see everything committed before it was sent
  using Answer = Synced;
  Path path;
};
using Operation = std::variant<CreateNode, ReadNode, WriteNode, DeleteNode, ListChildren, CheckNode, SyncPath>;

// The path that the operation is about.
[[nodiscard]] const Path& path_of(const Operation& operation);
// "read /chorale/state"
[[nodiscard]] std::string to_text(const Operation& operation);

enum class SessionState {
  kConnected,   // operations may be sent
  kConnecting,  // not connected; send nothing: an operation now would force an immediate reconnect attempt
  kExpired,     // fatal for this handle
  kAuthFailed,  // fatal for this handle: wrong credentials
  kUnresolved,  // there is no handle: no host name of the connect string could be resolved
};

struct SessionEvent {
  Generation generation;
  SessionState state = SessionState::kConnecting;
  SessionId session;                     // set with kConnected
  std::chrono::milliseconds timeout{0};  // negotiated, set with kConnected
};

// A watch means "read again", never more. One-shot, as in ZooKeeper 3.4.
struct WatchEvent {
  Generation generation;
  Path path;
};

// REQUIRES: every call, and the destructor, on the loop thread.
class Store {
 public:
  using Completion = std::function<void(Outcome)>;
  using SessionCallback = std::function<void(const SessionEvent&)>;
  using WatchCallback = std::function<void(const WatchEvent&)>;

  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // To be set before open(). Both are called on the loop thread, never from inside a call into the store.
  void on_session(SessionCallback callback) { session_callback_ = std::move(callback); }
  void on_watch(WatchCallback callback) { watch_callback_ = std::move(callback); }

  // Opens a new handle of this generation. An older handle is closed first.
  virtual void open(Generation generation) = 0;
  // Ends the session now: its ephemeral znodes go. What is still pending completes with kClosing.
  virtual void close() = 0;
  // Ensures: `completion` is called exactly once, on the loop thread, never from inside execute().
  virtual void execute(Operation operation, Completion completion) = 0;

 protected:
  void notify_session(const SessionEvent& event) const {
    if (session_callback_) session_callback_(event);
  }
  void notify_watch(const WatchEvent& event) const {
    if (watch_callback_) watch_callback_(event);
  }

 private:
  SessionCallback session_callback_;
  WatchCallback watch_callback_;
};

}  // namespace chorale::coordination
