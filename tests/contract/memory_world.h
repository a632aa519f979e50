// A world around a MemoryTree, whatever the stores that reach it.
#pragma once

#include <memory>
#include <utility>

#include "coordination/memory_store.h"
#include "coordination/memory_tree.h"
#include "tests/contract/store_world.h"

namespace chorale::coordination {

class MemoryWorld : public StoreWorld {
 public:
  explicit MemoryWorld(std::shared_ptr<MemoryTree> tree = make_memory_tree()) : tree_(std::move(tree)) {
    auto nodes = tree_->snapshot();
    std::ignore = nodes.create({Path("/world"), "", NodeKind::kPersistent}, SessionId{});
    tree_->restore(std::move(nodes));
  }

  std::unique_ptr<Store> make_store(testing::EventLoop& loop) override {
    return make_memory_store(tree_, loop.poster());
  }
  // Its session is the one that is spared below.
  std::unique_ptr<Store> make_observer(testing::EventLoop& loop) override {
    auto store = make_store(loop);
    has_observer_ = true;
    return store;
  }

  void cut_off() override {
    for (const auto session : clients()) tree_->disconnect(session);
  }
  void let_in() override { tree_->set_available(true); }
  void let_sessions_expire() override {
    for (const auto session : clients()) tree_->expire(session);
  }
  Path root() const override { return Path("/world"); }

 private:
  // Tests open the observer before any other store.
  std::vector<SessionId> clients() const {
    auto sessions = tree_->sessions();
    if (has_observer_ && !sessions.empty()) sessions.erase(sessions.begin());
    return sessions;
  }

  std::shared_ptr<MemoryTree> tree_;
  bool has_observer_ = false;
};

}  // namespace chorale::coordination
