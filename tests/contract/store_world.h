// What the contract of Store is tested in: a tree of its own and a line to it that can be cut.
// memory_world.cpp and zookeeper_world.cpp are the two implementations; a test binary links one of them.
#pragma once

#include <memory>

#include "coordination/store.h"
#include "tests/harness/event_loop.h"

namespace chorale::coordination {

class StoreWorld {
 public:
  StoreWorld() = default;
  StoreWorld(const StoreWorld&) = delete;
  StoreWorld& operator=(const StoreWorld&) = delete;
  virtual ~StoreWorld() = default;

  // A store that is cut off and let in again by the functions below. Not open yet.
  [[nodiscard]] virtual std::unique_ptr<Store> make_store(testing::EventLoop& loop) = 0;
  // A store that always reaches the tree.
  [[nodiscard]] virtual std::unique_ptr<Store> make_observer(testing::EventLoop& loop) = 0;

  virtual void cut_off() = 0;
  virtual void let_in() = 0;
  // REQUIRES: cut off. From now on the sessions of cut-off stores will expire; it may take their timeout.
  virtual void let_sessions_expire() = 0;

  // A znode that is there and empty, for this world alone.
  [[nodiscard]] virtual Path root() const = 0;
};

[[nodiscard]] std::unique_ptr<StoreWorld> make_store_world();

}  // namespace chorale::coordination
