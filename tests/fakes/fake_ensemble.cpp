#include "tests/fakes/fake_ensemble.h"

#include <set>
#include <utility>

namespace chorale::coordination {
namespace {

void remove_ephemerals(MemoryNodes& nodes, const Path& path, const std::set<SessionId>& but_of = {}) {
  const MemoryNode node = *nodes.find(path);
  for (const auto& name : node.children) remove_ephemerals(nodes, path.child(name), but_of);
  const SessionId owner = node.stat.ephemeral_owner;
  if (owner != SessionId{} && but_of.count(owner) == 0) std::ignore = nodes.remove({path, kAnyVersion});
}

}  // namespace

void FakeEnsemble::Line::let_in(SessionId session) {
  if (connected_) return;
  if (expired_) return client_.session_changed(SessionState::kExpired);
  connected_ = true;
  client_.session_changed(SessionState::kConnected);
  for (const auto& [path, came] : std::exchange(missed_, {})) {
    if (came && ensemble_.nodes().find(path) == nullptr) {  // and went again: the watch still waits
      std::ignore = ensemble_.execute(session, CheckNode{path, true});
    } else {
      client_.watch_fired(path);
    }
  }
}

void FakeEnsemble::Line::cut_off() {
  if (!connected_) return;
  connected_ = false;
  seen_zxid_ = ensemble_.nodes().zxid();
  client_.session_changed(SessionState::kConnecting);
}

void FakeEnsemble::Line::expire() {
  const bool reachable = connected_;
  cut_off();
  expired_ = true;
  if (reachable) client_.session_changed(SessionState::kExpired);
}

void FakeEnsemble::Line::watch_fired(const Path& path) {
  if (connected_) return client_.watch_fired(path);
  const MemoryNode* const node = ensemble_.nodes().find(path);
  missed_.emplace(path, node != nullptr && node->stat.created_zxid > seen_zxid_);
}

FakeEnsemble::Line* FakeEnsemble::line(SessionId session) const {
  const auto found = lines_.find(session);
  return found == lines_.end() ? nullptr : found->second.get();
}

std::vector<SessionId> FakeEnsemble::sessions() const {
  std::vector<SessionId> live;
  for (const auto& [session, line] : lines_) {
    if (!line->expired()) live.push_back(session);
  }
  return live;
}

void FakeEnsemble::disconnect(SessionId session) {
  if (Line* const found = line(session)) found->cut_off();
}

void FakeEnsemble::reconnect(SessionId session) {
  Line* const found = line(session);
  if (found != nullptr && available_) found->let_in(session);
}

void FakeEnsemble::expire(SessionId session) {
  Line* const found = line(session);
  if (found == nullptr || found->expired()) return;
  found->expire();
  MemoryTree::close_session(session);
}

void FakeEnsemble::set_available(bool available) {
  available_ = available;
  for (const auto& [session, line] : lines_) {
    if (available) {
      line->let_in(session);
    } else {
      line->cut_off();
    }
  }
}

void FakeEnsemble::restore(MemoryNodes nodes) {
  for (const auto& [session, line] : lines_) line->cut_off();
  remove_ephemerals(nodes, Path("/"));
  replace(std::move(nodes));
  lines_.clear();
}

void FakeEnsemble::put_back(MemoryNodes nodes) {
  for (const auto& [session, line] : lines_) line->cut_off();
  const std::vector<SessionId> live = sessions();
  remove_ephemerals(nodes, Path("/"), {live.begin(), live.end()});
  nodes.raise_zxid(this->nodes().zxid() + 1);
  MemoryTree::put_back(std::move(nodes));
  if (available_) set_available(true);
}

SessionId FakeEnsemble::open_session(MemoryClient& client) {
  auto line = std::make_unique<Line>(*this, client);
  const SessionId session = MemoryTree::open_session(*line);
  Line& opened = *lines_.emplace(session, std::move(line)).first->second;
  if (available_) opened.let_in(session);
  return session;
}

void FakeEnsemble::close_session(SessionId session) {
  MemoryTree::close_session(session);
  lines_.erase(session);
}

Outcome FakeEnsemble::execute(SessionId session, const Operation& operation) {
  const Line* const found = line(session);
  if (found != nullptr && found->connected()) return MemoryTree::execute(session, operation);
  return tl::unexpected(Error{ErrorKind::kConnectionLoss, "not connected"});
}

}  // namespace chorale::coordination
