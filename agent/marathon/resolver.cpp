#include "agent/marathon/resolver.h"

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <utility>

#include "agent/marathon/loop_gate.h"
#include "agent/marathon/name_lookup.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {
namespace {

constexpr std::chrono::seconds kTimeLimit{5};
// Of threads that wait for the system's resolver. As many names as this may hang before they hold up others.
constexpr std::size_t kMostLookups = 64;

}  // namespace

class Resolver::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, Sink sink)
      : loop_(loop), sink_(std::move(sink)), gate_(std::make_shared<LoopGate>(loop)) {}

  void resolve(const std::set<std::string>& names) {
    thread_.check();
    for (const std::string& name : names) {
      Question& question = questions_.try_emplace(name, loop_).first->second;
      question.is_asked = true;
      question.timer.expires_after(kTimeLimit);
      question.timer.async_wait([weak = weak_from_this(), name](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self != nullptr && !error) self->give_up(name);
      });
      // One thread for each name: a name that hangs is not asked for again before its thread is back.
      if (!std::exchange(question.is_looked_up, true)) waiting_.push_back(name);
    }
    look_up_more();
  }

  void close() {
    alive_ = false;
    gate_->close();
    questions_.clear();
  }

 private:
  struct Question {
    explicit Question(boost::asio::io_context& loop) : timer(loop) {}
    bool is_asked = false;      // and not answered yet
    bool is_looked_up = false;  // or waits for it
    boost::asio::steady_timer timer;
  };

  void look_up_more() {
    for (; lookups_ < kMostLookups && !waiting_.empty(); waiting_.pop_front()) {
      ++lookups_;
      look_up(gate_, waiting_.front(), [weak = weak_from_this(), name = waiting_.front()](Addresses found) {
        if (const auto self = weak.lock()) self->take(name, std::move(found));
      });
    }
  }

  void take(const std::string& name, Addresses found) {
    thread_.check();
    --lookups_;
    if (!alive_) return;
    look_up_more();
    const auto entry = questions_.find(name);
    if (entry == questions_.end()) return;
    const bool is_asked = entry->second.is_asked;
    questions_.erase(entry);
    NamesResolved result;
    if (found) {
      for (const auto& address : *found) result.names[name].push_back(address.to_string());
    } else if (is_asked) {
      result.failed.emplace(name, std::move(found.error()));
    } else {
      return;  // it was said already
    }
    sink_(std::move(result));
  }

  void give_up(const std::string& name) {
    const auto entry = questions_.find(name);
    if (entry == questions_.end() || !std::exchange(entry->second.is_asked, false)) return;
    NamesResolved result;
    result.failed.emplace(name, "no answer within 5 s");
    sink_(std::move(result));
  }

  boost::asio::io_context& loop_;
  const Sink sink_;
  const std::shared_ptr<LoopGate> gate_;
  std::map<std::string, Question> questions_;
  std::deque<std::string> waiting_;
  std::size_t lookups_ = 0;
  bool alive_ = true;
  coordination::LoopThread thread_;
};

Resolver::Resolver(boost::asio::io_context& loop, Sink sink) : impl_(std::make_shared<Impl>(loop, std::move(sink))) {}

Resolver::~Resolver() { impl_->close(); }

void Resolver::perform(const ResolveNames& effect) { impl_->resolve(effect.names); }

}  // namespace chorale::agent
