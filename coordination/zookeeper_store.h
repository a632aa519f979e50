// The Store on a real ensemble, through the ZooKeeper C client. Loop thread only; the client's two threads only post.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "coordination/store.h"

namespace chorale::coordination {

struct ZookeeperOptions {
  std::string hosts;  // "10.0.0.1:2181,10.0.0.2:2181": no scheme, no chroot path
  std::chrono::milliseconds session_timeout{10'000};
  std::string credentials;  // "user:password" for the digest scheme; empty: none. Never logged.
  // Hands a function to the loop thread; callable from any thread, for as long as the store lives.
  std::function<void(std::function<void()>)> post;
  // One line of the C client's log; called on the loop thread, rate-limited by the store. Never holds credentials.
  std::function<void(int level, std::string line)> log;
};

[[nodiscard]] std::unique_ptr<Store> make_zookeeper_store(ZookeeperOptions options);

}  // namespace chorale::coordination
