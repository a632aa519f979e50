#include "coordination/memory_store.h"

#include <cstdint>
#include <map>
#include <utility>

#include "coordination/loop_thread.h"
#include "coordination/memory_tree.h"
#include "coordination/request_check.h"

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kSessionTimeout{10'000};

// Operations happen in the tree at once; the answers travel through `post`. Cutting the client off meanwhile loses
// them, as a network does: done, but unknown.
class MemoryStore final : public Store, private MemoryClient {
 public:
  MemoryStore(std::shared_ptr<MemoryTree> tree, std::function<void(std::function<void()>)> post)
      : tree_(std::move(tree)), post_(std::move(post)) {}
  ~MemoryStore() override { end(); }

  void open(Generation generation) override {
    loop_thread_.check();
    end();
    generation_ = generation;
    state_ = SessionState::kConnecting;
    opened_ = true;
    // The tree may connect it before it returns; the event is posted, so by then session_ is set.
    session_ = tree_->open_session(*this);
  }

  void close() override { end(); }

  void execute(Operation operation, Completion completion) override {
    loop_thread_.check();
    const std::uint64_t number = ++last_number_;
    pending_.emplace(number, std::move(completion));
    auto outcome = attempt(operation);
    later([this, number, outcome = std::move(outcome)]() mutable {
      auto pending = pending_.extract(number);
      if (!pending.empty()) pending.mapped()(std::move(outcome));
    });
  }

 private:
  Outcome attempt(const Operation& operation) {
    const auto refuse = [&](ErrorKind kind, std::string_view why) {
      return tl::unexpected(Error{kind, path_of(operation).text() + ": " + std::string(why)});
    };
    if (auto error = check_request(operation)) return tl::unexpected(std::move(*error));
    if (!opened_) return refuse(ErrorKind::kClosing, "the store is closed");
    if (state_ == SessionState::kExpired) return refuse(ErrorKind::kSessionExpired, "the session has expired");
    return tree_->execute(session_, operation);
  }

  void session_changed(SessionState state) override {
    state_ = state;
    later([this, state, generation = generation_] {
      if (!opened_ || generation != generation_) return;
      SessionEvent event{generation, state, {}, {}};
      if (state == SessionState::kConnected) {
        event.session = session_;
        event.timeout = kSessionTimeout;
      }
      notify_session(event);
    });
    // The C client reports the session first and then fails what was under way.
    if (state != SessionState::kConnected) fail_pending(ErrorKind::kConnectionLoss, "the connection was lost");
  }

  void watch_fired(const Path& path) override {
    later([this, path, generation = generation_] {
      if (opened_ && generation == generation_) notify_watch({generation, path});
    });
  }

  void end() {
    fail_pending(ErrorKind::kClosing, "the store was closed");
    if (!opened_) return;
    opened_ = false;
    tree_->close_session(session_);
  }

  // Takes the completions out at once, so that the answers already posted find nothing. Works after the destructor too.
  void fail_pending(ErrorKind kind, std::string_view why) {
    for (auto& [number, completion] : std::exchange(pending_, {})) {
      post_([completion = std::move(completion), kind, why = std::string(why)] {
        completion(tl::unexpected(Error{kind, why}));
      });
    }
  }

  // Runs on the loop, unless the store is gone by then.
  template <typename Function>
  void later(Function function) {
    post_([alive = std::weak_ptr<bool>(alive_), function = std::move(function)]() mutable {
      if (!alive.expired()) function();
    });
  }

  LoopThread loop_thread_;
  std::shared_ptr<MemoryTree> tree_;
  std::function<void(std::function<void()>)> post_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool opened_ = false;
  Generation generation_;
  SessionId session_;
  SessionState state_ = SessionState::kConnecting;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Completion> pending_;
};

}  // namespace

std::shared_ptr<MemoryTree> make_memory_tree() { return std::make_shared<MemoryTree>(); }

std::unique_ptr<Store> make_memory_store(std::shared_ptr<MemoryTree> tree,
                                         std::function<void(std::function<void()>)> post) {
  return std::make_unique<MemoryStore>(std::move(tree), std::move(post));
}

}  // namespace chorale::coordination
