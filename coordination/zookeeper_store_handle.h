// One handle of the ZooKeeper C client, with nothing of the C API showing. Its .cpp is the only file that includes
// zookeeper.h. Owned by ZookeeperStore, which adds the loop, the generations and the completions.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "coordination/store.h"

namespace chorale::coordination {

// What a handle reports. Called on the client's two threads: an implementation copies its arguments and posts.
class HandleListener {
 public:
  virtual void session_changed(SessionState state, SessionId session, std::chrono::milliseconds timeout) = 0;
  virtual void watch_fired(Path path) = 0;
  // Exactly once for every send(), on any thread, also from inside send(); unless the handle is closed before.
  virtual void replied(std::uint64_t request, Outcome outcome) = 0;

 protected:
  ~HandleListener() = default;
};

class ZookeeperHandle {
 public:
  struct Options {
    std::string hosts;
    std::chrono::milliseconds session_timeout{};
    std::string credentials;  // "user:password" or empty
  };

  // `listener` must outlive the handle.
  ZookeeperHandle(Options options, HandleListener& listener);
  // REQUIRES: closed, or never opened.
  ~ZookeeperHandle();
  ZookeeperHandle(const ZookeeperHandle&) = delete;
  ZookeeperHandle& operator=(const ZookeeperHandle&) = delete;

  // Blocks for as long as the resolver does, so never on the loop thread. The listener may be called before it
  // returns. False: no host name could be resolved; nothing was opened.
  [[nodiscard]] bool open();
  // Ends the session. Blocks for up to 4.5 s where a server hangs, so never on the loop thread, and never in a
  // callback. Ensures: no callback comes after it returned.
  void close();

  // REQUIRES, here and below: loop thread, open() has returned true, close() was not called.
  void send(std::uint64_t request, const Operation& operation);
  // Frees what send() kept for the client's threads. REQUIRES: the reply has come.
  void forget(std::uint64_t request);

 private:
  class Client;
  std::unique_ptr<Client> client_;
};

}  // namespace chorale::coordination
