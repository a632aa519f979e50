// A world around a FakeEnsemble, for every kind of store that can reach one.
#pragma once

#include <memory>
#include <utility>

#include "coordination/memory_store.h"
#include "tests/contract/store_world.h"
#include "tests/fakes/fake_ensemble.h"

namespace chorale::coordination {

class MemoryWorld : public StoreWorld {
 public:
  explicit MemoryWorld(std::shared_ptr<FakeEnsemble> ensemble = std::make_shared<FakeEnsemble>())
      : ensemble_(std::move(ensemble)) {
    auto nodes = ensemble_->snapshot();
    std::ignore = nodes.create({Path("/world"), "", NodeKind::kPersistent}, SessionId{});
    ensemble_->restore(std::move(nodes));
  }

  std::unique_ptr<Store> make_store(testing::EventLoop& loop) override {
    return make_memory_store(ensemble_, loop.poster());
  }
  // Its session is the one that is spared below.
  std::unique_ptr<Store> make_observer(testing::EventLoop& loop) override {
    auto store = make_store(loop);
    has_observer_ = true;
    return store;
  }

  void cut_off() override {
    for (const auto session : clients()) ensemble_->disconnect(session);
  }
  void let_in() override { ensemble_->set_available(true); }
  void let_sessions_expire() override {
    for (const auto session : clients()) ensemble_->expire(session);
  }
  Path root() const override { return Path("/world"); }

 private:
  // Tests open the observer before any other store.
  std::vector<SessionId> clients() const {
    auto sessions = ensemble_->sessions();
    if (has_observer_ && !sessions.empty()) sessions.erase(sessions.begin());
    return sessions;
  }

  std::shared_ptr<FakeEnsemble> ensemble_;
  bool has_observer_ = false;
};

}  // namespace chorale::coordination
