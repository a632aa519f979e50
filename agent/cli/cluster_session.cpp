#include "agent/cli/cluster_session.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "agent/cli/cli.h"
#include "coordination/context.h"
#include "coordination/zookeeper_store.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
using coordination::ErrorKind;
using coordination::SessionState;
using Clock = std::chrono::steady_clock;

}  // namespace

class ClusterSession::Impl {
 public:
  explicit Impl(coordination::ConnectString where) : where_(std::move(where)), work_(loop_.get_executor()) {
    coordination::ZookeeperOptions options;
    options.hosts = where_.hosts;
    options.credentials = where_.credentials;
    options.post = [this](std::function<void()> function) { asio::post(loop_, std::move(function)); };
    options.log = [](int, const std::string&) {};  // what it says comes back as our own error
    store_ = coordination::make_zookeeper_store(std::move(options));
    store_->on_session([this](const coordination::SessionEvent& event) {
      if (event.generation == generation_) state_ = event.state;
    });
  }

  tl::expected<void, CliError> connect(Clock::time_point deadline) {
    while (state_ != SessionState::kConnected) {
      if (state_ == SessionState::kAuthFailed) {
        return tl::unexpected(CliError{kExitUnreachable, "ZooKeeper at " + where_.hosts + " refuses the credentials"});
      }
      if (state_ == SessionState::kUnresolved) {
        state_.reset();
        return tl::unexpected(
            CliError{kExitUnreachable, "no host name of ZooKeeper at " + where_.hosts + " can be resolved"});
      }
      if (!state_ || state_ == SessionState::kExpired) {
        state_ = SessionState::kConnecting;
        ++generation_.value;
        store_->open(generation_);
      }
      const auto before = state_;
      if (!run_until([&] { return state_ != before; }, deadline)) {
        return tl::unexpected(CliError{kExitUnreachable, "ZooKeeper cannot be reached at " + where_.hosts +
                                                             "; is it running, and is the port open?"});
      }
    }
    return {};
  }

  template <class Result>
  tl::expected<Result, CliError> ask(
      std::chrono::milliseconds limit,
      const std::function<void(std::function<void(tl::expected<Result, coordination::Error>)>)>& start) {
    const auto deadline = Clock::now() + limit;
    if (auto connected = connect(deadline); !connected) return tl::unexpected(connected.error());
    // Shared: an answer may still come after the deadline, and is dropped.
    const auto answer = std::make_shared<std::optional<tl::expected<Result, coordination::Error>>>();
    start([answer](tl::expected<Result, coordination::Error> result) { answer->emplace(std::move(result)); });
    if (!run_until([&] { return answer->has_value(); }, deadline)) {
      return tl::unexpected(CliError{kExitUnreachable, "ZooKeeper at " + where_.hosts + " does not answer"});
    }
    if (!**answer) return tl::unexpected(explain((*answer)->error()));
    return std::move(***answer);
  }

  bool pause(std::chrono::milliseconds duration) {
    if (!signals_) {
      signals_.emplace(loop_, SIGINT, SIGTERM);
      signals_->async_wait([this](const boost::system::error_code& error, int) { interrupted_ |= !error; });
    }
    return !run_until([this] { return interrupted_; }, Clock::now() + duration);
  }

  [[nodiscard]] coordination::Store& store() { return *store_; }
  [[nodiscard]] const coordination::Path& root() const { return where_.root; }

 private:
  bool run_until(const std::function<bool()>& done, Clock::time_point deadline) {
    while (!done()) {
      if (loop_.run_one_until(deadline) == 0 && Clock::now() >= deadline) return done();
    }
    return true;
  }

  [[nodiscard]] CliError explain(const coordination::Error& error) const {
    switch (error.kind) {
      case ErrorKind::kNoNode:
        return {kExitNo, "there is nothing of Chorale at " + where_.root.text() + " in ZooKeeper " + where_.hosts +
                             ": has an agent ever run with this zookeeper = ..., longer than a moment? (" +
                             error.message + ")"};
      case ErrorKind::kConnectionLoss:
      case ErrorKind::kSessionExpired:
      case ErrorKind::kClosing:
      case ErrorKind::kNoAuth:
        return {kExitUnreachable, "ZooKeeper at " + where_.hosts + ": " + error.message};
      case ErrorKind::kExists:
      case ErrorKind::kBadVersion:
      case ErrorKind::kNotEmpty:
      case ErrorKind::kNoChildrenForEphemerals:
      case ErrorKind::kBadRequest:
      case ErrorKind::kMalformed:
      case ErrorKind::kNewerFormat:
        return {kExitNo, error.message};
    }
    return {kExitNo, error.message};
  }

  coordination::ConnectString where_;
  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::optional<asio::signal_set> signals_;
  bool interrupted_ = false;
  coordination::Generation generation_;
  std::optional<SessionState> state_;
  std::unique_ptr<coordination::Store> store_;  // last: it posts to the loop while it lives
};

ClusterSession::ClusterSession(coordination::ConnectString where) : impl_(std::make_unique<Impl>(std::move(where))) {}
ClusterSession::~ClusterSession() = default;

tl::expected<void, CliError> ClusterSession::connect(std::chrono::milliseconds limit) {
  return impl_->connect(Clock::now() + limit);
}

tl::expected<coordination::ClusterSnapshot, CliError> ClusterSession::read_cluster(std::chrono::milliseconds limit) {
  return impl_->ask<coordination::ClusterSnapshot>(
      limit, [this](auto done) { coordination::read_cluster(impl_->store(), impl_->root(), std::move(done)); });
}

tl::expected<std::string, CliError> ClusterSession::read_file(const coordination::Identity& identity,
                                                              const std::string& name,
                                                              std::chrono::milliseconds limit) {
  return impl_->ask<std::string>(limit, [&](auto done) {
    coordination::read_file(impl_->store(), impl_->root(), identity, name, std::move(done));
  });
}

tl::expected<coordination::Outcome, CliError> ClusterSession::execute(coordination::Operation operation,
                                                                      std::chrono::milliseconds limit) {
  return impl_->ask<coordination::Outcome>(limit, [&](auto done) {
    impl_->store().execute(std::move(operation), [done](coordination::Outcome outcome) {
      const bool unknown = !outcome && coordination::is_unknown(outcome.error().kind);
      if (unknown) return done(tl::unexpected(std::move(outcome).error()));
      done(std::move(outcome));
    });
  });
}

bool ClusterSession::pause(std::chrono::milliseconds duration) { return impl_->pause(duration); }

}  // namespace chorale::agent
