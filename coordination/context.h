// What the machines of one agent share during a step: the time, the effects so far, the handle, the way to ask the
// store.
//
// Loop thread only. Lives as long as the Coordinator, at a fixed address: continuations point into the machines.
// Every machine is level-triggered: an event only marks what is no longer known, and drive() sends what is needed to
// know it again. So a lost reply, a doubled watch and a reconnect all take the same path.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "coordination/effects.h"
#include "coordination/events.h"
#include "coordination/options.h"
#include "coordination/paths.h"
#include "coordination/pending_requests.h"

namespace chorale::coordination {

// The handle as Session knows it. Only Session writes it.
struct Link {
  Generation generation;
  bool connected = false;
  SessionId session;                     // of this generation, once connected
  std::chrono::milliseconds timeout{0};  // negotiated; the one asked for until then
  TimePoint disconnected_at;             // meaningful while not connected
};

inline constexpr std::chrono::milliseconds kRetryDelay{100};      // after a recoverable error on a live connection
inline constexpr std::chrono::milliseconds kRefusedDelay{5'000};  // after an answer that a quick retry cannot change
inline constexpr std::size_t kPipelineLimit = 64;                 // operations that one machine keeps in flight

// Counting does not reach these: a number beyond them is damage, and counting on from there would overflow.
inline constexpr Epoch kHighestEpoch{1'000'000'000'000};
inline constexpr Revision kHighestRevision{1'000'000'000'000};
// Damage, or forged: what says so is not counted on.
[[nodiscard]] inline bool beyond_belief(Epoch epoch, Revision revision) {
  return epoch > kHighestEpoch || revision > kHighestRevision;
}

// What a machine gets for one operation.
template <class Op>
using Reply = tl::expected<typename Op::Answer, Error>;

class Context {
 public:
  explicit Context(CoordinatorOptions given) : options(std::move(given)), paths(options.root) {
    link.timeout = options.session_timeout;
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Sends `operation`; `then` gets a Reply<Op>. Ensures: never called from inside send(); called once, or never when
  // the handle is replaced or `scope` ends first. While not connected nothing is sent (it would force a reconnect) and
  // `then` gets kConnectionLoss at the end of the step.
  template <class Op, class Then>
  void send(const Scope& scope, Op operation, Then then) {
    send_any(scope, Operation(std::move(operation)), [then = std::move(then)](Outcome outcome) mutable {
      if (!outcome) return then(Reply<Op>(tl::unexpected(std::move(outcome.error()))));
      auto* answer = std::get_if<typename Op::Answer>(&*outcome);
      if (answer == nullptr) {
        return then(Reply<Op>(tl::unexpected(Error{ErrorKind::kBadRequest, "the store answered another question"})));
      }
      then(Reply<Op>(std::move(*answer)));
    });
  }

  // Calls what was refused by send() while not connected.
  void answer_unsent();
  void forget_requests();
  void reply(StoreReplied replied);
  [[nodiscard]] std::vector<std::string> describe_requests() const { return requests_.describe(); }

  void log(LogLine::Level level, std::string text) { effects.emplace_back(LogLine{level, std::move(text)}); }
  void log_news(LogLine::Level level, std::string text) { effects.emplace_back(LogLine{level, std::move(text), true}); }
  // Spreads what many agents would otherwise do at the same moment: 0 <= result < limit, fixed per agent and `salt`.
  [[nodiscard]] std::chrono::milliseconds spread(std::chrono::milliseconds limit, std::uint64_t salt) const;

  const CoordinatorOptions options;
  const Paths paths;
  TimePoint now;
  Effects effects;
  Link link;

 private:
  void send_any(const Scope& scope, Operation operation, PendingRequests::Then then);

  PendingRequests requests_;
  std::vector<std::uint64_t> unsent_;
};

// Recoverable, or the handle is dying: whether it happened is unknown, and only the connection's fate will tell.
[[nodiscard]] constexpr bool is_unknown(ErrorKind kind) {
  return kind == ErrorKind::kConnectionLoss || kind == ErrorKind::kSessionExpired || kind == ErrorKind::kClosing;
}

// When to ask again after a refusal. A missing parent is created again by RootKeeper on its next look.
[[nodiscard]] inline std::chrono::milliseconds retry_delay(const Error& error) {
  return is_unknown(error.kind) || error.kind == ErrorKind::kNoNode ? kRetryDelay : kRefusedDelay;
}

}  // namespace chorale::coordination
