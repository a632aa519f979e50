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
  documents_.clear();
  list_.reset();
  ++wanted_pass_;
  listed_pass_ = 0;
}

void Roster::suspect() {
  ++wanted_pass_;
  list_.suspect();
}

Roster::Pass Roster::begin_pass() {
  suspect();
  return wanted_pass_;
}

bool Roster::settled(Pass pass) const {
  return listed_pass_ >= pass && std::all_of(members_.begin(), members_.end(), [pass](const auto& entry) {
           return entry.second.read_pass >= pass || entry.second.refused;
         });
}

void Roster::on_watch(const Path& path) {
  if (path == context_.paths.agents) return list_.suspect();
  const auto member = members_.find(std::string(path.name()));
  if (member != members_.end()) member->second.mirror.suspect();
}

void Roster::drive(bool root_ready, bool eager) {
  if (!root_ready) return;
  if (list_.due()) list();
  auto reading = static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [](const auto& entry) { return entry.second.mirror.looking(); }));
  for (auto& [id, member] : members_) {
    if (reading >= kPipelineLimit) break;
    if (!member.mirror.due()) continue;
    const bool first = member.read_pass < listed_pass_;
    if (!eager && !first && context_.now - member.mirror.looked_at() < kFollowerReadInterval) continue;
    read(id, member);
    ++reading;
  }
}

void Roster::list() {
  list_.look(ListChildren{context_.paths.agents, true}, [this, pass = wanted_pass_](const Reply<ListChildren>& reply) {
    if (!reply) return list_.again(reply.error());
    list_.fresh();
    on_listed(reply->names, pass);
  });
}

void Roster::on_listed(const std::vector<std::string>& names, Pass pass) {
  ++lists_;
  const std::set<std::string> present(names.begin(), names.end());
  const auto absent = [&present](const auto& entry) { return present.count(entry.first) == 0; };
  std::erase_if(members_, absent);
  std::erase_if(documents_, absent);
  for (const std::string& id : present) members_.try_emplace(id, context_);
  if (pass == listed_pass_) return;
  listed_pass_ = pass;
  for (auto& [id, member] : members_) member.mirror.suspect();
}

void Roster::read(const std::string& id, Member& member) {
  member.mirror.look(ReadNode{context_.paths.agents.child(id), true},
                     [this, id, pass = listed_pass_](const Reply<ReadNode>& reply) { on_read(id, pass, reply); });
}

void Roster::on_read(const std::string& id, Pass pass, const Reply<ReadNode>& reply) {
  Member& member = members_.at(id);  // its mirror ends with it, and so would this read
  if (!reply && reply.error().kind == ErrorKind::kNoNode) {
    members_.erase(id);
    documents_.erase(id);
    return list_.suspect();
  }
  if (!reply && is_unknown(reply.error().kind)) return member.mirror.again(reply.error());
  // One that may not be read is as one that cannot: nobody waits for it.
  member.read_pass = pass;
  if (!reply) return on_refused(id, member, reply.error());
  member.mirror.fresh();
  member.refused = false;
  ++reads_;
  auto document = decode_agent(reply->data);
  if (document) {
    documents_.insert_or_assign(id, std::move(*document));
    member.complaint.reset();
    return;
  }
  complain(id, member, document.error());
}

void Roster::on_refused(const std::string& id, Member& member, const Error& error) {
  member.mirror.again(error);
  member.refused = true;
  complain(id, member, error);
}

// What it said last still holds for its applied revision; what it says now cannot be known.
void Roster::complain(const std::string& id, Member& member, const Error& error) {
  if (member.complaint == error.message) return;
  context_.log(LogLine::Level::kWarning, "agent " + id + " cannot be read: " + error.message);
  member.complaint = error.message;
}

std::vector<std::string> Roster::ids() const {
  std::vector<std::string> result;
  result.reserve(members_.size());
  for (const auto& [id, member] : members_) result.push_back(id);
  return result;
}

std::vector<std::string> Roster::voters() const {
  std::vector<std::string> result = ids();
  std::erase_if(result, [this](const std::string& id) {
    const auto document = documents_.find(id);
    return document != documents_.end() && !document->second.applies;
  });
  return result;
}

std::optional<std::int64_t> Roster::common_format() const {
  std::int64_t common = context_.options.newest_format;
  const auto reads_common = [&common](const AgentDocument& agent) {
    return std::find(agent.formats.begin(), agent.formats.end(), common) != agent.formats.end();
  };
  for (const auto& [id, member] : members_) {
    if (member.read_pass == 0) return std::nullopt;
    if (id == context_.options.id) continue;
    const auto document = documents_.find(id);
    if (document == documents_.end()) common = kOldestFormat;
    while (common > kOldestFormat && !reads_common(document->second)) --common;
  }
  return common;
}

std::optional<Identity> Roster::newest_applied_by(Others others) const {
  std::optional<Identity> newest;
  for (const auto& [id, agent] : documents_) {
    if (id == context_.options.id || !agent.applied) continue;
    if (others == Others::kNotDown && agent.condition == Condition::kDown) continue;
    const Identity& applied = agent.applied->identity;
    if (beyond_belief(applied.epoch, applied.revision)) continue;
    if (!newest || newest->older_than(applied)) newest = applied;
  }
  return newest;
}

}  // namespace chorale::coordination
