#include "agent/marathon/resolver.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <set>
#include <thread>
#include <utility>

#include "agent/marathon/loop_gate.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::tcp;

constexpr std::chrono::seconds kTimeLimit{5};
constexpr std::size_t kThreads = 4;  // one dead name blocks a thread of getaddrinfo for its whole time limit

struct Lookup {
  std::vector<std::string> addresses;
  std::string failure;
};

// Blocks; runs on the pool.
Lookup look_up(const std::string& name) {
  boost::asio::io_context unused;  // a resolver wants one; the blocking call does not run it
  tcp::resolver resolver(unused);
  boost::system::error_code error;
  const auto results = resolver.resolve(name, "", error);
  if (error) {
    return Lookup{{}, error.message()};
  }
  std::set<address> sorted;  // IPv4 first, then by number
  for (const auto& result : results) {
    const address found = result.endpoint().address();
    if (!found.is_unspecified() && !(found.is_v6() && found.to_v6().is_link_local())) {
      sorted.insert(found);
    }
  }
  Lookup lookup;
  for (const address& one : sorted) {
    lookup.addresses.push_back(one.to_string());
  }
  if (lookup.addresses.empty()) {
    lookup.failure = "no usable address";
  }
  return lookup;
}

}  // namespace

class Resolver::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, Sink sink) : loop_(loop), sink_(std::move(sink)) {}

  void resolve(const std::set<std::string>& names) {
    thread_.check();
    auto set = std::make_shared<Set>(loop_, names);
    if (names.empty()) {
      boost::asio::post(loop_, [self = shared_from_this(), set] { self->answer(*set); });
      return;
    }
    set->timer.expires_after(kTimeLimit);
    set->timer.async_wait([self = shared_from_this(), set](const boost::system::error_code& error) {
      if (!error) {
        self->answer(*set);
      }
    });
    for (const std::string& name : names) {
      boost::asio::post(*pool_, [gate = gate_, weak = weak_from_this(), set_of = std::weak_ptr(set), name] {
        if (set_of.expired()) {
          return;  // answered without it
        }
        gate->post([weak, set_of, name, lookup = look_up(name)]() mutable {
          const auto self = weak.lock();
          const auto waiting = set_of.lock();
          if (self != nullptr && waiting != nullptr) {
            self->take(*waiting, name, std::move(lookup));
          }
        });
      });
    }
  }

  // A lookup without an answer blocks its thread for 10 s and more, and the loop must not wait for it.
  void close() {
    alive_ = false;
    gate_->close();
    pool_->stop();
    std::thread([pool = std::move(pool_)] { pool->join(); }).detach();
  }

 private:
  struct Set {
    Set(boost::asio::io_context& loop, const std::set<std::string>& names) : waiting(names), timer(loop) {}
    std::set<std::string> waiting;
    NamesResolved result;
    boost::asio::steady_timer timer;
    bool answered = false;
  };

  void take(Set& set, const std::string& name, Lookup lookup) {
    thread_.check();
    if (set.answered || set.waiting.erase(name) == 0) {
      return;
    }
    if (lookup.addresses.empty()) {
      set.result.failed.emplace(name, std::move(lookup.failure));
    } else {
      set.result.names.emplace(name, std::move(lookup.addresses));
    }
    if (set.waiting.empty()) {
      answer(set);
    }
  }

  void answer(Set& set) {
    if (std::exchange(set.answered, true) || !alive_) {
      return;
    }
    set.timer.cancel();
    for (const std::string& name : set.waiting) {
      set.result.failed.emplace(name, "no answer within 5 s");
    }
    sink_(std::move(set.result));
  }

  boost::asio::io_context& loop_;
  const Sink sink_;
  std::shared_ptr<LoopGate> gate_ = std::make_shared<LoopGate>(loop_);
  std::shared_ptr<boost::asio::thread_pool> pool_ = std::make_shared<boost::asio::thread_pool>(kThreads);
  bool alive_ = true;
  coordination::LoopThread thread_;
};

Resolver::Resolver(boost::asio::io_context& loop, Sink sink) : impl_(std::make_shared<Impl>(loop, std::move(sink))) {}

Resolver::~Resolver() { impl_->close(); }

void Resolver::perform(const ResolveNames& effect) { impl_->resolve(effect.names); }

}  // namespace chorale::agent
