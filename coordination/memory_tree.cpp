#include "coordination/memory_tree.h"

#include <algorithm>
#include <utility>

namespace chorale::coordination {

std::vector<SessionId> MemoryTree::sessions() const {
  std::vector<SessionId> live;
  for (const auto& [id, session] : sessions_) {
    if (!session.expired) live.push_back(id);
  }
  return live;
}

void MemoryTree::disconnect(SessionId session) {
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) cut_off(found->second);
}

void MemoryTree::reconnect(SessionId session) {
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) connect(found->second);
}

void MemoryTree::expire(SessionId session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.expired) return;
  const bool reachable = found->second.connected;
  cut_off(found->second);
  end(session);
  if (reachable) found->second.client->session_changed(SessionState::kExpired);
}

void MemoryTree::set_available(bool available) {
  available_ = available;
  for (auto& [id, session] : sessions_) {
    if (available) {
      connect(session);
    } else {
      cut_off(session);
    }
  }
}

void MemoryTree::restore(MemoryNodes nodes) {
  for (auto& [id, session] : sessions_) cut_off(session);
  sessions_.clear();
  nodes_ = std::move(nodes);
  for (const auto& path : nodes_.ephemerals()) std::ignore = nodes_.remove({path, kAnyVersion});
}

SessionId MemoryTree::open_session(MemoryClient& client) {
  const SessionId id{++last_session_};
  Session& session = sessions_[id];
  session.client = &client;
  connect(session);
  return id;
}

void MemoryTree::close_session(SessionId session) {
  end(session);
  sessions_.erase(session);
}

Outcome MemoryTree::execute(SessionId session, const Operation& operation) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || !found->second.connected) {
    return tl::unexpected(Error{ErrorKind::kConnectionLoss, "not connected"});
  }
  return std::visit([&](const auto& request) { return apply(session, request); }, operation);
}

void MemoryTree::connect(Session& session) {
  if (session.connected || !available_) return;
  if (session.expired) {
    session.client->session_changed(SessionState::kExpired);
    return;
  }
  session.connected = true;
  session.client->session_changed(SessionState::kConnected);
  std::vector<Path> fired;
  std::erase_if(session.watches, [&](const Watch& watch) {
    if (!missed(watch, session.seen_zxid)) return false;
    if (fired.empty() || fired.back() != watch.path) fired.push_back(watch.path);
    return true;
  });
  for (const auto& path : fired) session.client->watch_fired(path);
}

void MemoryTree::cut_off(Session& session) {
  if (!session.connected) return;
  session.connected = false;
  session.seen_zxid = nodes_.zxid();
  session.client->session_changed(SessionState::kConnecting);
}

void MemoryTree::end(SessionId id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  found->second.connected = false;
  found->second.expired = true;
  found->second.watches.clear();
  for (const auto& path : nodes_.ephemerals_of(id)) std::ignore = remove({path, kAnyVersion});
}

// One event for each session and path, however many of its watches the change concerns.
void MemoryTree::fire(const Path& path, const std::vector<WatchKind>& kinds) {
  for (auto& [id, session] : sessions_) {
    if (!session.connected) continue;  // looked at when it is back
    std::size_t fired = 0;
    for (const auto kind : kinds) fired += session.watches.erase({path, kind});
    if (fired > 0) session.client->watch_fired(path);
  }
}

bool MemoryTree::missed(const Watch& watch, std::int64_t seen_zxid) const {
  const MemoryNode* node = nodes_.find(watch.path);
  switch (watch.kind) {
    case WatchKind::kData:
      return node == nullptr || node->stat.modified_zxid > seen_zxid;
    case WatchKind::kMissing:
      return node != nullptr;
    case WatchKind::kChildren:
      return node == nullptr || node->children_zxid > seen_zxid;
  }
  return false;
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
