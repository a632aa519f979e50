#include "coordination/fence.h"

#include <utility>

#include "coordination/require.h"

namespace chorale::coordination {

void Fence::reset() {
  scope_.end();
  state_ = State::kNone;
  done_ = nullptr;
  clearing_busy_ = false;
  last_stat_.reset();
}

void Fence::take(StateDocument next, std::optional<Version> expected, Done done) {
  require(state_ == State::kNone, "a leadership begins without another");
  epoch_ = next.epoch;
  term_ = next.term;
  wanted_ = std::move(next);
  done_ = std::move(done);
  state_ = State::kWriting;
  version_ = expected.value_or(Version{0});
  if (expected) return send_write(*expected);
  context_.send(scope_, CreateNode{context_.paths.state, encode(wanted_)}, [this](const Reply<CreateNode>& reply) {
    version_ = Version{0};
    on_outcome(reply.has_value(), reply ? nullptr : &reply.error(), std::nullopt);
  });
}

const StateDocument& Fence::document() const {
  require(held(), "what stands there is known while the fence is held");
  return document_;
}

void Fence::write(StateDocument next, Done done) {
  require(held() && next.epoch == epoch_ && next.term == term_, "the state is written under the fence, in its term");
  wanted_ = std::move(next);
  done_ = std::move(done);
  state_ = State::kWriting;
  send_write(version_);
}

void Fence::send_write(Version expected) {
  context_.send(scope_, WriteNode{context_.paths.state, encode(wanted_), expected},
                [this](const Reply<WriteNode>& reply) {
                  if (reply) version_ = reply->stat.version;
                  on_outcome(reply.has_value(), reply ? nullptr : &reply.error(),
                             reply ? std::optional<Stat>(reply->stat) : std::nullopt);
                });
}

void Fence::on_outcome(bool written, const Error* error, const std::optional<Stat>& stat) {
  if (written) {
    document_ = wanted_;
    last_stat_ = stat;
    return finish(Result::kHeld, {});
  }
  last_stat_.reset();
  const bool refused = error->kind == ErrorKind::kNoAuth || error->kind == ErrorKind::kBadRequest;
  if (refused) return finish(Result::kFailed, error->message);
  // Lost, "bad version", "exists", "no node": after a re-sent write each of them may hide our own success.
  state_ = State::kClearing;
  retry_at_ = context_.now;
  clear_up();
}

void Fence::drive() {
  if (state_ == State::kClearing && !clearing_busy_ && context_.now >= retry_at_) clear_up();
}

void Fence::clear_up() {
  if (!context_.link.connected) return;
  clearing_busy_ = true;
  context_.send(scope_, SyncPath{context_.paths.state}, [this](const Reply<SyncPath>& reply) {
    if (!reply) {
      clearing_busy_ = false;
      retry_at_ = context_.now + kRetryDelay;
      return;
    }
    context_.send(scope_, ReadNode{context_.paths.state, false},
                  [this](const Reply<ReadNode>& read) { on_read(read); });
  });
}

void Fence::on_read(const Reply<ReadNode>& reply) {
  clearing_busy_ = false;
  if (!reply) {
    if (reply.error().kind == ErrorKind::kNoNode) return finish(Result::kLost, "the state is gone");
    retry_at_ = context_.now + (is_unknown(reply.error().kind) ? kRetryDelay : kRefusedDelay);
    return;
  }
  const auto seen = decode_state(reply->data, context_.options.newest_format);
  if (!seen) return finish(Result::kLost, "the state cannot be read: " + seen.error().message);
  if (seen->epoch != epoch_ || seen->term != term_) {
    return finish(Result::kLost, seen->leader + " leads in epoch " + std::to_string(seen->epoch.value));
  }
  if (reply->stat.version < version_) return finish(Result::kLost, "the state went back to an earlier version");
  document_ = *seen;
  version_ = reply->stat.version;
  last_stat_ = reply->stat;
  finish(Result::kHeld, "adopted after a lost reply");
}

void Fence::finish(Result result, const std::string& reason) {
  switch (result) {
    case Result::kHeld:
      state_ = State::kHeld;
      break;
    case Result::kLost:
      why_lost_ = reason;
      state_ = State::kNone;
      break;
    case Result::kFailed:
      // A refused takeover holds nothing; a refused later write leaves the version where it was.
      state_ = document_.term == term_ ? State::kHeld : State::kNone;
      break;
  }
  const Done done = std::exchange(done_, nullptr);
  if (done) done(result, reason);
}

bool Fence::went_back(const StateDocument& seen, Version version) const {
  return state_ == State::kHeld && seen.epoch == epoch_ && seen.term == term_ && version < version_;
}

std::optional<std::string> Fence::observe(const StateDocument& seen, Version version) {
  if (state_ != State::kHeld) return std::nullopt;  // the write under way will tell
  if (seen.epoch != epoch_ || seen.term != term_) {
    return seen.leader + " leads in epoch " + std::to_string(seen.epoch.value);
  }
  if (version > version_) {
    document_ = seen;
    version_ = version;
  }
  return std::nullopt;
}

}  // namespace chorale::coordination
