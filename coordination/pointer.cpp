#include "coordination/pointer.h"

#include <algorithm>
#include <utility>

namespace chorale::coordination {

void Pointer::reset() {
  mirror_.reset();
  stat_ = Stat{};
}

void Pointer::forget() {
  reset();
  state_ = State::kUnknown;
  document_.reset();
}

void Pointer::drive(bool root_ready, const std::string& cluster_id) {
  if (!root_ready || !mirror_.due()) return;
  cluster_id_ = cluster_id;
  overtaken_ = false;
  mirror_.look(ReadNode{context_.paths.state, true}, [this](Reply<ReadNode> reply) { on_read(std::move(reply)); });
}

void Pointer::on_read(Reply<ReadNode> reply) {
  if (!reply) {
    if (reply.error().kind == ErrorKind::kNoNode) return watch_absent();
    return mirror_.again(reply.error());
  }
  // An answer that was on its way when our own write came back is older than what we know. Any other that names a lower
  // version tells of an ensemble that was put back from a backup.
  const bool same_node = reply->stat.created_zxid == stat_.created_zxid;
  if (overtaken_ && same_node && state_ == State::kRead && reply->stat.version < stat_.version) return mirror_.again();
  mirror_.fresh();
  ++reads_;
  const auto document = decode_state(reply->data, context_.options.newest_format);
  newer_format_ = !document && document.error().kind == ErrorKind::kNewerFormat;
  stat_ = reply->stat;
  if (!document) return refuse(State::kUnreadable, "state cannot be read: " + document.error().message);
  if (document->cluster_id != cluster_id_) {
    return refuse(State::kForeign, "state names another cluster id than the root; it is ignored");
  }
  accept(*document, reply->stat);
}

// Only a check can watch a znode that is not there.
void Pointer::watch_absent() {
  mirror_.send(CheckNode{context_.paths.state, true}, [this](const Reply<CheckNode>& reply) {
    if (!reply) return mirror_.again(reply.error());
    if (reply->stat) return mirror_.again();
    mirror_.fresh();
    ++reads_;
    stat_ = Stat{};
    state_ = State::kAbsent;
    newer_format_ = false;
    complaint_.reset();
  });
}

void Pointer::wrote(const StateDocument& document, const Stat& stat) {
  overtaken_ = true;
  // If the node was created since the last read, it is read once more rather than guessed at.
  if (stat_.created_zxid != stat.created_zxid) return suspect();
  accept(document, stat);
}

void Pointer::accept(const StateDocument& document, const Stat& stat) {
  state_ = State::kRead;
  document_ = document;
  stat_ = stat;
  complaint_.reset();
  if (beyond_belief(document.epoch, document.last_revision)) return;
  highest_epoch_ = std::max(highest_epoch_, document.epoch);
  highest_revision_ = std::max(highest_revision_, document.last_revision);
}

void Pointer::refuse(State state, const std::string& reason) {
  if (complaint_ != reason) context_.log(LogLine::Level::kError, context_.paths.state.text() + ": " + reason);
  complaint_ = reason;
  state_ = state;
}

}  // namespace chorale::coordination
