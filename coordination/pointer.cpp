#include "coordination/pointer.h"

#include <algorithm>
#include <utility>

namespace chorale::coordination {

void Pointer::reset() {
  dirty_ = true;
  busy_ = false;
  retry_at_ = context_.now;
  stat_ = Stat{};
}

void Pointer::forget() {
  reset();
  state_ = State::kUnknown;
  document_.reset();
}

void Pointer::drive(bool tree_ready, const std::string& cluster_id) {
  if (!tree_ready || !context_.link.connected || busy_ || context_.now < retry_at_) return;
  if (!dirty_ && context_.now < next_read_) return;
  cluster_id_ = cluster_id;
  read();
}

void Pointer::read() {
  busy_ = true;
  dirty_ = false;
  next_read_ = context_.now + context_.options.reread_interval;
  context_.send(ReadNode{context_.paths.state, true},
                [this](Reply<ReadNode> reply) { on_read(std::move(reply), cluster_id_); });
}

void Pointer::on_read(Reply<ReadNode> reply, const std::string& cluster_id) {
  busy_ = false;
  if (!reply) {
    if (reply.error().kind == ErrorKind::kNoNode) return watch_absent();
    dirty_ = true;
    retry_at_ = context_.now + (is_unknown(reply.error().kind) ? kRetryDelay : kRefusedDelay);
    return;
  }
  // An answer that was on its way when our own write came back is older than what we know.
  const bool same_node = reply->stat.created_zxid == stat_.created_zxid;
  if (same_node && state_ == State::kRead && reply->stat.version < stat_.version) return;
  ++reads_;
  const auto document = decode_state(reply->data);
  stat_ = reply->stat;
  if (!document) return refuse(State::kUnreadable, "state cannot be read: " + document.error().message);
  if (document->cluster_id != cluster_id) {
    return refuse(State::kForeign, "state names another cluster id than the root; it is ignored");
  }
  accept(*document, reply->stat);
}

void Pointer::watch_absent() {
  busy_ = true;
  context_.send(CheckNode{context_.paths.state, true}, [this](Reply<CheckNode> reply) {
    busy_ = false;
    if (!reply) {
      dirty_ = true;
      retry_at_ = context_.now + kRetryDelay;
      return;
    }
    if (reply->stat) {
      dirty_ = true;
      return;
    }
    ++reads_;
    stat_ = Stat{};
    state_ = State::kAbsent;
    complaint_.clear();
  });
}

void Pointer::wrote(const StateDocument& document, const Stat& stat) {
  if (stat_.created_zxid != stat.created_zxid) {
    dirty_ = true;  // the node was created since the last read: read it once more rather than guess
    return;
  }
  accept(document, stat);
}

void Pointer::accept(const StateDocument& document, const Stat& stat) {
  state_ = State::kRead;
  document_ = document;
  stat_ = stat;
  complaint_.clear();
  highest_epoch_ = std::max(highest_epoch_, document.epoch);
  highest_revision_ = std::max(highest_revision_, document.last_revision);
}

void Pointer::refuse(State state, const std::string& reason) {
  if (complaint_ != reason) context_.note(Note::Level::kError, context_.paths.state.text() + ": " + reason);
  complaint_ = reason;
  state_ = state;
}

}  // namespace chorale::coordination
