#include "coordination/roster.h"

#include <algorithm>
#include <set>
#include <utility>

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kFollowerReadInterval{1'000};

}  // namespace

void Roster::reset() {
  members_.clear();
  dirty_ = true;
  listing_ = false;
  ++wanted_pass_;
  listed_pass_ = 0;
  reading_ = 0;
  retry_at_ = context_.now;
}

void Roster::suspect() {
  ++wanted_pass_;
  dirty_ = true;
}

Roster::Pass Roster::begin_pass() {
  suspect();
  return wanted_pass_;
}

bool Roster::settled(Pass pass) const {
  return listed_pass_ >= pass && std::all_of(members_.begin(), members_.end(),
                                             [pass](const auto& entry) { return entry.second.read_pass >= pass; });
}

void Roster::on_watch(const Path& path) {
  if (path == context_.paths.agents) {
    dirty_ = true;
    return;
  }
  const auto member = members_.find(std::string(path.name()));
  if (member != members_.end()) member->second.dirty = true;
}

void Roster::drive(bool tree_ready, bool eager) {
  if (!tree_ready || !context_.link.connected || context_.now < retry_at_) return;
  if (context_.now >= next_pass_at_) suspect();
  if (dirty_ && !listing_) list();
  for (auto& [id, member] : members_) {
    if (reading_ >= kPipelineLimit) break;
    if (!member.dirty || member.reading) continue;
    const bool first = member.read_pass < listed_pass_;
    if (eager || first || context_.now - member.read_at >= kFollowerReadInterval) read(id, member);
  }
}

void Roster::list() {
  listing_ = true;
  dirty_ = false;
  next_pass_at_ = context_.now + context_.options.reread_interval;
  context_.send(ListChildren{context_.paths.agents, true}, [this, pass = wanted_pass_](Reply<ListChildren> reply) {
    listing_ = false;
    if (reply) return on_listed(reply->names, pass);
    dirty_ = true;
    retry_at_ = context_.now + (is_unknown(reply.error().kind) ? kRetryDelay : kRefusedDelay);
    if (reply.error().kind == ErrorKind::kNoNode) retry_at_ = context_.now + kRetryDelay;
  });
}

void Roster::on_listed(const std::vector<std::string>& names, Pass pass) {
  ++lists_;
  const std::set<std::string> present(names.begin(), names.end());
  for (auto member = members_.begin(); member != members_.end();) {
    member = present.count(member->first) > 0 ? std::next(member) : members_.erase(member);
  }
  for (const std::string& id : present) members_.try_emplace(id);
  if (pass == listed_pass_) return;
  listed_pass_ = pass;
  for (auto& [id, member] : members_) member.dirty = true;
}

void Roster::read(const std::string& id, Member& member) {
  member.dirty = false;
  member.reading = true;
  member.read_at = context_.now;
  ++reading_;
  context_.send(ReadNode{context_.paths.agents.child(id), true},
                [this, id, pass = listed_pass_](Reply<ReadNode> reply) { on_read(id, pass, std::move(reply)); });
}

void Roster::on_read(const std::string& id, Pass pass, Reply<ReadNode> reply) {
  --reading_;
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  Member& member = found->second;
  member.reading = false;
  if (!reply) {
    if (reply.error().kind == ErrorKind::kNoNode) {
      members_.erase(found);
      dirty_ = true;
      return;
    }
    member.dirty = true;
    retry_at_ = context_.now + kRetryDelay;
    return;
  }
  ++reads_;
  member.read_pass = pass;
  auto document = decode_agent(reply->data);
  if (document) {
    member.document = std::move(*document);
    member.complaint.clear();
    return;
  }
  // What it said last still holds for its applied revision; what it says now nobody can tell.
  if (member.complaint != document.error().message) {
    context_.note(Note::Level::kWarning, "agent " + id + " cannot be read: " + document.error().message);
    member.complaint = document.error().message;
  }
}

std::vector<std::string> Roster::ids() const {
  std::vector<std::string> result;
  result.reserve(members_.size());
  for (const auto& [id, member] : members_) result.push_back(id);
  return result;
}

const AgentDocument* Roster::find(const std::string& id) const {
  const auto member = members_.find(id);
  return member == members_.end() || !member->second.document ? nullptr : &*member->second.document;
}

std::optional<Identity> Roster::newest_applied_by_others() const {
  std::optional<Identity> newest;
  for (const auto& [id, member] : members_) {
    if (id == context_.options.id || !member.document || !member.document->applied) continue;
    const Identity& applied = member.document->applied->identity;
    if (applied.epoch > kHighestEpoch || applied.revision > kHighestRevision) continue;
    if (!newest || newest->older_than(applied)) newest = applied;
  }
  return newest;
}

}  // namespace chorale::coordination
