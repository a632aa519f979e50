#include "coordination/takeover.h"

#include <algorithm>
#include <utility>

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kExpiryGrace{2'000};  // one server tick: expiry is checked no more often

}  // namespace

void Takeover::Numbers::include(Epoch other_epoch, Revision other_revision) {
  if (beyond_belief(other_epoch, other_revision)) return;
  epoch = std::max(epoch, other_epoch);
  revision = std::max(revision, other_revision);
}

void Takeover::Numbers::include(const Identity& identity) { include(identity.epoch, identity.revision); }

void Takeover::reset() {
  scope_.end();
  state_ = State::kIdle;
}

void Takeover::start(std::string cluster_id) {
  scope_.end();
  cluster_id_ = std::move(cluster_id);
  waited_ = false;
  sync();
}

void Takeover::sync() {
  state_ = State::kSyncing;
  state_read_ = false;
  old_.reset();
  version_.reset();
  context_.send(scope_, SyncPath{context_.paths.state}, [this](const Reply<SyncPath>& reply) {
    if (!reply) return fail("sync: " + reply.error().message);
    read_all();
  });
}

void Takeover::fail(const std::string& reason) {
  scope_.end();
  state_ = State::kFailed;
  reason_ = reason;
}

void Takeover::read_all() {
  state_ = State::kReading;
  pass_ = roster_.begin_pass();
  context_.send(scope_, ReadNode{context_.paths.state}, [this](const Reply<ReadNode>& reply) { on_state(reply); });
}

void Takeover::on_state(const Reply<ReadNode>& reply) {
  state_read_ = true;
  if (!reply) {
    if (reply.error().kind != ErrorKind::kNoNode) return fail("read state: " + reply.error().message);
    return;
  }
  version_ = reply->stat.version;
  auto document = decode_state(reply->data, context_.options.newest_format);
  if (!document && document.error().kind == ErrorKind::kNewerFormat) return fail(document.error().message);
  if (!document) {
    context_.log(LogLine::Level::kError, "taking over a state that cannot be read: " + document.error().message);
  } else if (document->cluster_id != cluster_id_) {
    burnt_.include(document->epoch, document->last_revision);  // no epoch is led in twice
    context_.log(LogLine::Level::kError,
                 "taking over a state that names another cluster id; what it committed is ignored");
  } else {
    old_ = std::move(*document);
  }
}

void Takeover::drive(const std::optional<Identity>& own_applied) {
  if (state_ == State::kWaiting && context_.now >= wait_until_) return sync();
  if (state_ != State::kReading || !state_read_ || !roster_.settled(pass_)) return;
  own_applied_ = own_applied;
  if (old_) return write();
  list_revisions();
}

// Without a readable state the names of the manifests tell which numbers were burnt.
void Takeover::list_revisions() {
  state_ = State::kNumbering;
  context_.send(scope_, ListChildren{context_.paths.revisions}, [this](const Reply<ListChildren>& reply) {
    if (!reply && reply.error().kind != ErrorKind::kNoNode) return fail("list revisions: " + reply.error().message);
    if (reply) {
      for (const std::string& name : reply->names) {
        if (const auto numbers = parse_manifest_name(name)) burnt_.include(numbers->first, numbers->second);
      }
    }
    write();
  });
}

Takeover::Numbers Takeover::numbers() const {
  Numbers result = burnt_;
  result.include(pointer_.highest_epoch(), pointer_.highest_revision());
  if (own_applied_) result.include(*own_applied_);
  for (const auto& [id, agent] : roster_.documents()) {
    if (agent.applied) result.include(agent.applied->identity);
  }
  if (!old_) return result;
  result.include(old_->epoch, old_->last_revision);
  if (old_->committed) result.include(old_->committed->identity);
  if (old_->proposed) result.include(old_->proposed->identity);
  return result;
}

// A node that is created again counts its versions from 0, and the old leader may be about to write at just the version
// that the new node has reached. By the time that its session must have expired, it has failed or heard.
bool Takeover::must_wait(const Numbers& highest) const {
  if (context_.options.alone) return false;  // the tree ended with the process before: no old leader can write there
  const auto& agents = roster_.documents();
  const bool was_led = std::any_of(agents.begin(), agents.end(), [this](const auto& entry) {
    return entry.first != context_.options.id && entry.second.role == Role::kLeader;
  });
  const bool first_ever = highest.epoch.value == 0 && highest.revision.value == 0 && !was_led;
  return !version_ && !waited_ && !first_ever;
}

void Takeover::write() {
  const Numbers highest = numbers();
  if (must_wait(highest)) {
    state_ = State::kWaiting;
    waited_ = true;
    const auto wait = context_.link.timeout + kExpiryGrace;
    wait_until_ = context_.now + wait;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait).count();
    context_.log(LogLine::Level::kWarning, "the state is gone; it is created again in " + std::to_string(seconds) +
                                               " s, when every older session is over; a restart starts the wait again");
    return;
  }
  state_ = State::kWriting;
  StateDocument next;
  next.cluster_id = cluster_id_;
  next.epoch = Epoch{highest.epoch.value + 1};
  next.term = context_.options.random_id();
  next.leader = context_.options.id;
  next.last_revision = highest.revision;
  if (old_) next.committed = old_->committed;
  if (old_) next.format = old_->format;  // another one begins with a revision of its own
  if (old_) next.held = old_->held;      // what is in force stays so until the hold was read again
  fence_.take(std::move(next), version_, [this](Fence::Result result, const std::string& reason) {
    if (result != Fence::Result::kHeld) return fail(reason);
    state_ = State::kDone;
  });
}

}  // namespace chorale::coordination
