#include "coordination/memory_tree.h"

#include <utility>

#include "coordination/require.h"

namespace chorale::coordination {

SessionId MemoryTree::open_session(MemoryClient& client) {
  const SessionId id{++last_session_};
  sessions_[id].client = &client;
  client.session_changed(SessionState::kConnected);
  return id;
}

void MemoryTree::close_session(SessionId session) {
  if (sessions_.erase(session) == 0) return;
  for (const auto& path : nodes_.ephemerals_of(session)) std::ignore = remove({path, kAnyVersion});
}

void MemoryTree::replace(MemoryNodes nodes) {
  sessions_.clear();
  nodes_ = std::move(nodes);
}

Outcome MemoryTree::execute(SessionId session, const Operation& operation) {
  require(sessions_.count(session) > 0, "a client has opened its session");
  return std::visit([&](const auto& request) { return apply(session, request); }, operation);
}

// One event for each session and path, however many of its watches the change concerns.
void MemoryTree::fire(const Path& path, const std::vector<WatchKind>& kinds) {
  for (auto& [id, session] : sessions_) {
    std::size_t fired = 0;
    for (const auto kind : kinds) fired += session.watches.erase({path, kind});
    if (fired > 0) session.client->watch_fired(path);
  }
}

tl::expected<void, Error> MemoryTree::remove(const DeleteNode& request) {
  auto removed = nodes_.remove(request);
  if (removed) {
    fire(request.path, {WatchKind::kData, WatchKind::kChildren});
    fire(MemoryNodes::parent_of(request.path), {WatchKind::kChildren});
  }
  return removed;
}

Outcome MemoryTree::apply(SessionId session, const CreateNode& request) {
  auto created = nodes_.create(request, session);
  if (!created) return tl::unexpected(std::move(created).error());
  fire(*created, {WatchKind::kMissing});
  fire(MemoryNodes::parent_of(*created), {WatchKind::kChildren});
  return Created{std::move(*created)};
}

Outcome MemoryTree::apply(SessionId session, const ReadNode& request) {
  const MemoryNode* node = nodes_.find(request.path);
  if (node == nullptr) {
    return tl::unexpected(Error{ErrorKind::kNoNode, "read " + request.path.text() + ": no node"});
  }
  if (request.watch) sessions_.at(session).watches.insert({request.path, WatchKind::kData});
  return NodeRead{node->data, node->stat};
}

Outcome MemoryTree::apply(SessionId /*session*/, const WriteNode& request) {
  auto written = nodes_.write(request);
  if (!written) return tl::unexpected(std::move(written).error());
  fire(request.path, {WatchKind::kData});
  return Written{*written};
}

Outcome MemoryTree::apply(SessionId /*session*/, const DeleteNode& request) {
  auto removed = remove(request);
  if (!removed) return tl::unexpected(std::move(removed).error());
  return Deleted{};
}

Outcome MemoryTree::apply(SessionId session, const ListChildren& request) {
  const MemoryNode* node = nodes_.find(request.path);
  if (node == nullptr) {
    return tl::unexpected(Error{ErrorKind::kNoNode, "list " + request.path.text() + ": no node"});
  }
  if (request.watch) sessions_.at(session).watches.insert({request.path, WatchKind::kChildren});
  return Listed{{node->children.begin(), node->children.end()}};
}

Outcome MemoryTree::apply(SessionId session, const CheckNode& request) {
  const MemoryNode* node = nodes_.find(request.path);
  if (request.watch) {
    const auto kind = node == nullptr ? WatchKind::kMissing : WatchKind::kData;
    sessions_.at(session).watches.insert({request.path, kind});
  }
  return Checked{node == nullptr ? std::nullopt : std::optional(node->stat)};
}

Outcome MemoryTree::apply(SessionId /*session*/, const SyncPath& /*request*/) { return Synced{}; }

}  // namespace chorale::coordination
