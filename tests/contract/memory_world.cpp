#include <utility>

#include "coordination/memory_store.h"
#include "tests/contract/store_world.h"
#include "tests/fakes/fake_ensemble.h"

namespace chorale::coordination {
namespace {

class MemoryWorld final : public StoreWorld {
 public:
  MemoryWorld() {
    auto nodes = ensemble_->snapshot();
    std::ignore = nodes.create({Path("/world"), "", NodeKind::kPersistent}, SessionId{});
    ensemble_->restore(std::move(nodes));
  }

  std::unique_ptr<Store> make_store(testing::EventLoop& loop) override {
    return make_memory_store(ensemble_, loop.poster());
  }
  // Its session is the one that is spared below.
  std::unique_ptr<Store> make_observer(testing::EventLoop& loop) override {
    auto store = make_memory_store(ensemble_, loop.poster());
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

  std::shared_ptr<FakeEnsemble> ensemble_ = std::make_shared<FakeEnsemble>();
  bool has_observer_ = false;
};

}  // namespace

std::unique_ptr<StoreWorld> make_store_world() { return std::make_unique<MemoryWorld>(); }

}  // namespace chorale::coordination
