#include "coordination/history.h"

#include <algorithm>
#include <utility>

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kWriteEvery{1'000};

bool is_older(const HistoryEntry& entry, const HistoryEntry& than) {
  return std::pair(entry.epoch, entry.revision) < std::pair(than.epoch, than.revision);
}

}  // namespace

void History::reset() {
  scope_.end();
  state_ = State::kUnread;
  earlier_.clear();
  own_.clear();
  version_.reset();
  inherited_.reset();
  changed_ = false;
  committed_at_.reset();
  complaint_.clear();
}

void History::begin(const RevisionHeader& committed, const std::optional<HoldDocument>& held) {
  HistoryEntry& entry = inherited_.emplace();
  entry.epoch = committed.identity.epoch;
  entry.revision = committed.identity.revision;
  entry.at = committed.created_at;
  entry.cause = committed.cause;
  if (held && committed.cause == to_text(*held)) entry.by = held->by;
  entry.changes.what = std::to_string(committed.apps) + " apps, " + std::to_string(committed.servers) +
                       " servers; its leader ended before it wrote what changed";
}

void History::add(HistoryEntry entry) {
  own_.insert(own_.begin(), std::move(entry));
  if (own_.size() > kHistoryEntries) own_.pop_back();
  committed_at_ = context_.now;
  changed_ = true;
}

void History::drive(const std::optional<Identity>& own) {
  if (committed_at_) await_all(own);
  if (!(changed_ || inherited_) || !context_.link.connected || context_.now < not_before_) return;
  if (state_ == State::kUnread) read();
  if (state_ == State::kRead && changed_) write();
}

// By every agent that is registered now and is no observer. What a newer revision has overtaken was not applied by all.
void History::await_all(const std::optional<Identity>& own) {
  HistoryEntry& newest = own_.front();
  const auto has_it = [&newest](const Identity& applied) {
    return applied.epoch == newest.epoch && applied.revision == newest.revision;
  };
  if (!own || !has_it(*own)) return;
  const auto& agents = roster_.documents();
  const bool all = std::all_of(agents.begin(), agents.end(), [&](const auto& entry) {
    const auto& [id, agent] = entry;
    return id == context_.options.id || !agent.applies || (agent.applied && has_it(agent.applied->identity));
  });
  if (!all) return;
  newest.all_applied_ms = std::chrono::duration_cast<std::chrono::milliseconds>(context_.now - *committed_at_).count();
  committed_at_.reset();
  changed_ = true;
}

void History::read() {
  state_ = State::kReading;
  context_.send(scope_, ReadNode{context_.paths.history}, [this](const Reply<ReadNode>& reply) { on_read(reply); });
}

void History::on_read(const Reply<ReadNode>& reply) {
  if (!reply && reply.error().kind != ErrorKind::kNoNode) return fail(reply.error());
  state_ = State::kRead;
  earlier_.clear();
  version_ = reply ? std::optional(reply->stat.version) : std::nullopt;
  if (reply) take(reply->data);
  const auto inherited = std::exchange(inherited_, std::nullopt);
  if (!inherited || (!earlier_.empty() && !is_older(earlier_.front(), *inherited))) return;
  earlier_.insert(earlier_.begin(), *inherited);
  changed_ = true;
}

void History::take(const std::string& text) {
  auto entries = decode_history(text);
  if (!entries) {
    return context_.log(LogLine::Level::kWarning, "the history is begun anew: " + entries.error().message);
  }
  const auto is_own = [this](const HistoryEntry& entry) {
    return std::any_of(own_.begin(), own_.end(), [&entry](const HistoryEntry& own) {
      return own.epoch == entry.epoch && own.revision == entry.revision;
    });
  };
  for (HistoryEntry& entry : *entries) {
    if (!is_own(entry)) earlier_.push_back(std::move(entry));
  }
}

std::vector<HistoryEntry> History::all() const {
  std::vector<HistoryEntry> all = own_;
  all.insert(all.end(), earlier_.begin(), earlier_.end());
  return all;
}

void History::write() {
  state_ = State::kWriting;
  changed_ = false;
  not_before_ = context_.now + kWriteEvery;
  std::string text = encode(all());
  if (!version_) {
    return context_.send(scope_, CreateNode{context_.paths.history, std::move(text)},
                         [this](const Reply<CreateNode>& reply) {
                           if (!reply) return fail(reply.error());
                           version_ = Version{0};
                           state_ = State::kRead;
                         });
  }
  context_.send(scope_, WriteNode{context_.paths.history, std::move(text), *version_},
                [this](const Reply<WriteNode>& reply) {
                  if (!reply) return fail(reply.error());
                  version_ = reply->stat.version;
                  state_ = State::kRead;
                });
}

// What stands there now is read before the next write.
void History::fail(const Error& error) {
  const bool expected = is_unknown(error.kind) || error.kind == ErrorKind::kBadVersion ||
                        error.kind == ErrorKind::kExists || error.kind == ErrorKind::kNoNode;
  state_ = State::kUnread;
  changed_ = true;
  not_before_ = context_.now + (expected ? kRetryDelay : kRefusedDelay);
  if (expected || error.message == complaint_) return;
  complaint_ = error.message;
  context_.log(LogLine::Level::kWarning, "the history cannot be kept: " + error.message);
}

}  // namespace chorale::coordination
