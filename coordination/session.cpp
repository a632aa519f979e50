#include "coordination/session.h"

#include <algorithm>
#include <utility>

namespace chorale::coordination {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReopenSpread{200};  // so that a pool that expired together does not return together
constexpr milliseconds kReopenLimit{5'000};
constexpr milliseconds kUnresolvedReopen{1'000};
constexpr milliseconds kRefusedReopen{5'000};  // wrong credentials stay wrong until an operator acts

}  // namespace

void Session::start() {
  if (state_ == State::kIdle) open();
}

void Session::open() {
  ++context_.link.generation.value;
  state_ = State::kOpening;
  context_.link.connected = false;
  context_.link.disconnected_at = context_.now;
  context_.link.timeout = context_.options.session_timeout;
  if (failures_ == 0) message_ = "connecting";
  context_.effects.emplace_back(OpenHandle{context_.link.generation});
}

Session::Change Session::on_event(const SessionEvent& event) {
  if (event.generation != context_.link.generation || state_ == State::kBroken || state_ == State::kIdle) {
    return Change::kNone;
  }
  switch (event.state) {
    case SessionState::kConnected:
      failures_ = 0;
      told_.clear();
      state_ = State::kConnected;
      message_ = "OK";
      context_.link.connected = true;
      context_.link.session = event.session;
      if (event.timeout.count() > 0) context_.link.timeout = event.timeout;
      return Change::kConnected;
    case SessionState::kConnecting:
      disconnected();
      return Change::kNone;
    case SessionState::kExpired:
      return end("session expired", milliseconds{0});
    case SessionState::kUnresolved:
      return end("no host name of the connect string can be resolved", kUnresolvedReopen);
    case SessionState::kAuthFailed:
      return end("ZooKeeper refused the credentials: check zookeeper_auth_file", kRefusedReopen);
  }
  return Change::kNone;
}

void Session::disconnected() {
  if (state_ != State::kConnected) return;
  state_ = State::kDisconnected;
  message_ = "connection lost, reconnecting";
  context_.link.connected = false;
  context_.link.disconnected_at = context_.now;
}

Session::Change Session::drive() {
  const Duration quiet = context_.now - context_.link.disconnected_at;
  switch (state_) {
    case State::kIdle:
    case State::kConnected:
      return Change::kNone;
    case State::kOpening:
      if (quiet < 3 * context_.link.timeout) return Change::kNone;
      return end("no server answers", milliseconds{0});
    case State::kDisconnected:
      if (quiet < context_.link.timeout * 3 / 2) return Change::kNone;
      return end("no server takes the session on", milliseconds{0});
    case State::kBroken:
      if (context_.now >= reopen_at_) open();
      return Change::kNone;
  }
  return Change::kNone;
}

Session::Change Session::end(std::string message, milliseconds at_least) {
  const milliseconds doubled = failures_ == 0 ? milliseconds{0} : milliseconds(100LL << std::min(failures_, 6));
  const milliseconds delay = std::max(at_least, std::min(doubled, kReopenLimit));
  reopen_at_ = context_.now + delay + context_.spread(kReopenSpread, context_.link.generation.value);
  if (state_ != State::kConnected && state_ != State::kDisconnected) ++failures_;
  state_ = State::kBroken;
  message_ = std::move(message);
  if (context_.link.connected) context_.link.disconnected_at = context_.now;
  context_.link.connected = false;
  ++context_.link.generation.value;  // what the dying handle still says is dropped
  context_.effects.emplace_back(CloseHandle{});
  if (std::find(told_.begin(), told_.end(), message_) == told_.end()) {
    told_.push_back(message_);
    context_.log(LogLine::Level::kWarning, "ZooKeeper: " + message_ + "; a new handle follows");
  }
  return Change::kEnded;
}

bool Session::quiet_for_too_long() const {
  return !context_.link.connected && context_.now - context_.link.disconnected_at >= context_.link.timeout * 2 / 3;
}

}  // namespace chorale::coordination
