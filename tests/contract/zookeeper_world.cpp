#include <stdexcept>
#include <string>

#include "coordination/zookeeper_store.h"
#include "tests/contract/store_world.h"
#include "tests/harness/tcp_relay.h"
#include "tests/harness/zookeeper_server.h"

namespace chorale::coordination {
namespace {

// The client gives a connection up after two thirds of it without an answer: on a loaded machine, the fsync of a large
// znode takes seconds. One test waits for the end of a session.
constexpr std::chrono::milliseconds kWorldSessionTimeout{10'000};

// One server serves all tests of this process, each below a znode of its own.
testing::ZookeeperServer& shared_server() {
  static testing::ZookeeperServer server;
  static const bool started = server.start();
  if (!started) throw std::runtime_error("ZooKeeper does not start:\n" + server.log());
  return server;
}

class ZookeeperWorld final : public StoreWorld {
 public:
  ZookeeperWorld() {
    static int worlds = 0;
    root_ = Path("/world-" + std::to_string(++worlds));
    testing::EventLoop loop;
    const auto store = make_observer(loop);
    bool done = false;
    store->on_session([&](const SessionEvent& event) {
      if (event.state != SessionState::kConnected) return;
      store->execute(CreateNode{root_, "", NodeKind::kPersistent},
                     [&](const Outcome& outcome) { done = outcome.has_value(); });
    });
    store->open(Generation{1});
    if (!loop.run_until([&] { return done; })) throw std::runtime_error("cannot create " + root_.text());
  }

  std::unique_ptr<Store> make_store(testing::EventLoop& loop) override { return make(loop, relay_.address()); }
  std::unique_ptr<Store> make_observer(testing::EventLoop& loop) override {
    return make(loop, shared_server().address());
  }

  void cut_off() override { relay_.cut(); }
  void let_in() override { relay_.heal(); }
  void let_sessions_expire() override {}  // the server does it by itself
  Path root() const override { return root_; }

 private:
  static std::unique_ptr<Store> make(testing::EventLoop& loop, std::string address) {
    ZookeeperOptions options;
    options.hosts = std::move(address);
    options.session_timeout = kWorldSessionTimeout;
    options.post = loop.poster();
    return make_zookeeper_store(std::move(options));
  }

  testing::TcpRelay relay_{shared_server().port()};
  Path root_;
};

}  // namespace

std::unique_ptr<StoreWorld> make_store_world() { return std::make_unique<ZookeeperWorld>(); }

}  // namespace chorale::coordination
