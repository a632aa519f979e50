// ZookeeperStore and its handle, over the C client's functions as tests/fakes has them: the contract without a server.
#include "coordination/zookeeper_store.h"
#include "tests/contract/memory_world.h"
#include "tests/fakes/c_client.h"

namespace chorale::coordination {
namespace {

class CClientMemoryWorld final : public MemoryWorld {
 public:
  CClientMemoryWorld() : MemoryWorld(testing::c_client_world().ensemble) {}
  ~CClientMemoryWorld() override { testing::reset_c_client_world(); }

  std::unique_ptr<Store> make_store(testing::EventLoop& loop) override {
    testing::c_client_world().post = loop.poster();
    ZookeeperOptions options;
    options.hosts = "somewhere";
    options.post = loop.poster();
    return make_zookeeper_store(std::move(options));
  }
};

}  // namespace

std::unique_ptr<StoreWorld> make_store_world() { return std::make_unique<CClientMemoryWorld>(); }

}  // namespace chorale::coordination
