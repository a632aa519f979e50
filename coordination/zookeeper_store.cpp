#include "coordination/zookeeper_store.h"

#include <cstdint>
#include <future>
#include <map>
#include <utility>
#include <vector>

#include "coordination/loop_thread.h"
#include "coordination/request_check.h"
#include "coordination/zookeeper_log.h"
#include "coordination/zookeeper_store_handle.h"

namespace chorale::coordination {
namespace {

class ZookeeperStore;

// Carries what one handle reports to the loop, where it is dropped if the store is gone or has opened another handle.
class HandleRelay final : public HandleListener {
 public:
  HandleRelay(ZookeeperStore& store, std::weak_ptr<bool> store_alive, Generation generation,
              const ZookeeperOptions& options)
      : handle({options.hosts, options.session_timeout, options.credentials}, *this),
        store_(store),
        store_alive_(std::move(store_alive)),
        generation_(generation),
        post_(options.post) {}

  // Runs on a thread of its own, since resolving host names may block.
  void open();

  void session_changed(SessionState state, SessionId session, std::chrono::milliseconds timeout) override;
  void watch_fired(Path path) override;
  void replied(std::uint64_t request, Outcome outcome) override;

  ZookeeperHandle handle;

 private:
  // Calls a member function of the store, later, on the loop.
  template <typename Member, typename Argument>
  void post(Member member, Argument argument) const {
    post_([store = &store_, alive = store_alive_, generation = generation_, member,
           argument = std::move(argument)]() mutable {
      if (!alive.expired()) (store->*member)(generation, std::move(argument));
    });
  }

  ZookeeperStore& store_;
  std::weak_ptr<bool> store_alive_;
  Generation generation_;
  std::function<void(std::function<void()>)> post_;
};

struct CallResult {
  std::uint64_t request = 0;
  Outcome outcome;
};

class ZookeeperStore final : public Store {
 public:
  explicit ZookeeperStore(ZookeeperOptions options);
  // Waits for the handles that are still being closed: some seconds where a server hangs.
  ~ZookeeperStore() override {
    ZookeeperLog::forget(log_);
    close();
  }

  void open(Generation generation) override;
  void close() override;
  void execute(Operation operation, Completion completion) override;

  // From HandleRelay, on the loop thread.
  void take_opened(Generation generation, bool opened);
  void take_session(Generation generation, const SessionEvent& event);
  void take_watch(Generation generation, const WatchEvent& event);
  void take_reply(Generation generation, CallResult reply);

 private:
  enum class Phase { kClosed, kOpening, kOpen };

  [[nodiscard]] bool is_current(Generation generation) const {
    return phase_ != Phase::kClosed && generation == generation_;
  }
  void refuse(Completion completion, Error error) const;

  LoopThread loop_thread_;
  ZookeeperOptions options_;
  std::shared_ptr<ZookeeperLog> log_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Phase phase_ = Phase::kClosed;
  Generation generation_;
  SessionState state_ = SessionState::kConnecting;
  std::vector<SessionEvent> early_events_;  // came while opening
  std::map<std::uint64_t, Completion> pending_;
  std::uint64_t last_request_ = 0;
  std::shared_ptr<HandleRelay> relay_;
  std::future<void> opener_;
  // The last member, so that its threads are waited for while everything above still stands.
  std::vector<std::future<void>> closers_;
};

void HandleRelay::open() { post(&ZookeeperStore::take_opened, handle.open()); }

void HandleRelay::session_changed(SessionState state, SessionId session, std::chrono::milliseconds timeout) {
  SessionEvent event{generation_, state, {}, {}};
  if (state == SessionState::kConnected) {
    event.session = session;
    event.timeout = timeout;
  }
  post(&ZookeeperStore::take_session, event);
}

void HandleRelay::watch_fired(Path path) {
  post(&ZookeeperStore::take_watch, WatchEvent{generation_, std::move(path)});
}

void HandleRelay::replied(std::uint64_t request, Outcome outcome) {
  post(&ZookeeperStore::take_reply, CallResult{request, std::move(outcome)});
}

ZookeeperStore::ZookeeperStore(ZookeeperOptions options)
    : options_(std::move(options)), log_(std::make_shared<ZookeeperLog>(options_.post, options_.log)) {
  ZookeeperLog::set_current(log_);
}

void ZookeeperStore::open(Generation generation) {
  close();
  phase_ = Phase::kOpening;
  generation_ = generation;
  state_ = SessionState::kConnecting;
  relay_ = std::make_shared<HandleRelay>(*this, alive_, generation, options_);
  opener_ = std::async(std::launch::async, [relay = relay_] { relay->open(); });
}

void ZookeeperStore::close() {
  loop_thread_.check();
  const auto finished = [](const auto& closer) {
    return closer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  std::erase_if(closers_, finished);
  for (auto& [request, completion] : std::exchange(pending_, {})) {
    refuse(std::move(completion), {ErrorKind::kClosing, "the ZooKeeper handle was closed before the answer came"});
  }
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  early_events_.clear();
  // The client's threads may still answer calls while it closes, or never: the calls are freed with the relay, after
  // both threads have ended, and what they post meanwhile finds another generation here.
  closers_.push_back(std::async(std::launch::async, [relay = std::move(relay_), opener = std::move(opener_)] {
    opener.wait();
    relay->handle.close();
  }));
}

void ZookeeperStore::execute(Operation operation, Completion completion) {
  loop_thread_.check();
  if (auto error = check_request(operation)) return refuse(std::move(completion), std::move(*error));
  const std::string& path = path_of(operation).text();
  if (phase_ == Phase::kClosed) return refuse(std::move(completion), {ErrorKind::kClosing, path + ": not open"});
  switch (state_) {
    case SessionState::kConnected:
      break;
    case SessionState::kConnecting:
    case SessionState::kUnresolved:
      // Sent now, it would make the client try to connect at once, however often it just failed.
      return refuse(std::move(completion), {ErrorKind::kConnectionLoss, path + ": not sent, not connected"});
    case SessionState::kExpired:
    case SessionState::kAuthFailed:
      return refuse(std::move(completion), {ErrorKind::kSessionExpired, path + ": not sent, the session is over"});
  }
  const std::uint64_t request = ++last_request_;
  pending_.emplace(request, std::move(completion));
  relay_->handle.send(request, operation);
}

void ZookeeperStore::take_opened(Generation generation, bool opened) {
  if (!is_current(generation)) return;
  if (!opened) {
    log_->write("cannot open a ZooKeeper handle: none of the host names in the connect string can be resolved",
                ZookeeperLog::Clock::now());
    return notify_session({generation, SessionState::kUnresolved, {}, {}});
  }
  phase_ = Phase::kOpen;
  for (const auto& event : std::exchange(early_events_, {})) take_session(generation, event);
}

void ZookeeperStore::take_session(Generation generation, const SessionEvent& event) {
  if (!is_current(generation)) return;
  if (phase_ == Phase::kOpening) {
    // Nothing may be sent before the client was given the credentials.
    early_events_.push_back(event);
    return;
  }
  state_ = event.state;
  notify_session(event);
}

void ZookeeperStore::take_watch(Generation generation, const WatchEvent& event) {
  if (is_current(generation)) notify_watch(event);
}

void ZookeeperStore::take_reply(Generation generation, CallResult reply) {
  loop_thread_.check();
  if (!is_current(generation)) return;
  relay_->handle.forget(reply.request);
  auto completion = pending_.extract(reply.request);
  if (!completion.empty()) completion.mapped()(std::move(reply.outcome));
}

void ZookeeperStore::refuse(Completion completion, Error error) const {
  options_.post([completion = std::move(completion), error = std::move(error)] { completion(tl::unexpected(error)); });
}

}  // namespace

std::unique_ptr<Store> make_zookeeper_store(ZookeeperOptions options) {
  return std::make_unique<ZookeeperStore>(std::move(options));
}

}  // namespace chorale::coordination
