#include "coordination/documents.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "coordination/digest.h"
#include "coordination/documents_json.h"

namespace chorale::coordination {
namespace {

void put(Json& json, const Identity& identity) {
  json["epoch"] = identity.epoch.value;
  json["revision"] = identity.revision.value;
  json["digest"] = identity.digest;
}

void put(Json& json, const RevisionHeader& header) {
  put(json, header.identity);
  json["created_at"] = header.created_at;
  json["cause"] = cut_text(header.cause);
  json["apps"] = header.apps;
  json["servers"] = header.servers;
}

Json header_json(const std::optional<RevisionHeader>& header) {
  if (!header) return nullptr;
  Json json = Json::object();
  put(json, *header);
  json["quarantined"] = header->quarantined;
  if (!header->policy.empty()) json["policy"] = header->policy;
  return json;
}

Json held_json(const std::optional<HoldDocument>& held) {
  if (!held) return nullptr;
  Json json = Json::object();
  if (held->epoch.value > 0) json["epoch"] = held->epoch.value;
  json["revision"] = held->revision.value;
  if (!held->digest.empty()) json["digest"] = held->digest;
  json["by"] = cut_text(held->by);
  json["reason"] = cut_text(held->reason);
  if (!held->since.empty()) json["since"] = held->since;
  if (!held->error.empty()) json["error"] = cut_text(held->error);
  return json;
}

std::string revision_text(const HoldDocument& hold) {
  if (hold.revision.value == 0) return "current";
  const std::string number = std::to_string(hold.revision.value);
  return hold.epoch.value > 0 ? std::to_string(hold.epoch.value) + "." + number : number;
}

Json policy_json(const PolicyValues& policy) {
  if (policy.empty()) return nullptr;
  return Json{{"digest", policy_digest(policy)}, {"values", policy}};
}

Json drained_json(const std::optional<Drained>& drained) {
  if (!drained) return nullptr;
  return Json{{"by", cut_text(drained->by)}, {"reason", cut_text(drained->reason)}, {"since", drained->since}};
}

}  // namespace

std::string cut_text(std::string_view text) {
  if (text.size() <= kMaxTextBytes) return std::string(text);
  std::size_t end = kMaxTextBytes;
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80; };
  // A character has at most three such bytes; more of them are no UTF-8 and may be cut anywhere.
  while (end > kMaxTextBytes - 3 && continues(end)) --end;
  return std::string(text.substr(0, end));
}

std::string to_text(const HoldDocument& hold) {
  return "held on " + revision_text(hold) + " by " + hold.by + (hold.reason.empty() ? "" : ": " + hold.reason);
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kFollower:
      return "follower";
    case Role::kLeader:
      return "leader";
  }
  return "unknown";
}

std::string_view to_string(Condition condition) {
  switch (condition) {
    case Condition::kOk:
      return "ok";
    case Condition::kDegraded:
      return "degraded";
    case Condition::kDown:
      return "down";
  }
  return "unknown";
}

std::string_view to_string(VoteResult result) {
  switch (result) {
    case VoteResult::kAck:
      return "ack";
    case VoteResult::kNack:
      return "nack";
    case VoteResult::kUnable:
      return "unable";
  }
  return "unknown";
}

Json to_json(const StateDocument& document) {
  return Json{{"format", document.format},
              {"cluster_id", document.cluster_id},
              {"epoch", document.epoch.value},
              {"term", document.term},
              {"leader", document.leader},
              {"last_revision", document.last_revision.value},
              {"committed", header_json(document.committed)},
              {"proposed", header_json(document.proposed)},
              {"held", held_json(document.held)}};
}

Json to_json(const FileEntry& file) {
  Json chunks = Json::array();
  for (const auto& chunk : file.chunks) {
    Json entry = Json::array({chunk.path, chunk.bytes});
    if (!chunk.first_app.empty()) entry.push_back(chunk.first_app);
    chunks.push_back(std::move(entry));
  }
  return Json{{"digest", file.digest}, {"bytes", file.bytes}, {"chunks", std::move(chunks)}};
}

Json to_json(const TreeSize& size) { return Json{{"znodes", size.znodes}, {"bytes", size.bytes}}; }

Json to_json(const std::optional<AppliedEntry>& entry) {
  if (!entry) return nullptr;
  Json json = Json::object();
  put(json, entry->identity);
  json["at"] = entry->at;
  return json;
}

Json to_json(const AgentDocument& document) {
  Json vote;
  if (document.vote) {
    put(vote, document.vote->identity);
    vote["result"] = to_string(document.vote->result);
    vote["error"] = cut_text(document.vote->error);
  }
  Json held_back;
  if (document.held_back) {
    held_back = Json{{"digest", document.held_back->digest}, {"reason", cut_text(document.held_back->reason)}};
  }
  Json blocked;
  if (document.blocked) {
    blocked = Json{{"since", document.blocked->since}, {"reason", cut_text(document.blocked->reason)}};
  }
  Json waiting;
  if (document.waiting) {
    waiting = Json{{"since", document.waiting->since}, {"what", cut_text(document.waiting->what)}};
  }
  return Json{{"id", document.id},
              {"instance", document.instance},
              {"host", document.host},
              {"version", document.version},
              {"started_at", document.started_at},
              {"admin", document.admin},
              {"role", to_string(document.role)},
              {"status", to_string(document.condition)},
              {"message", cut_text(document.message)},
              {"vote", std::move(vote)},
              {"applied", to_json(document.applied)},
              {"template_digest", document.template_digest},
              {"marathon_reachable", document.marathon_reachable},
              {"lead", document.may_lead},
              {"apply", document.applies},
              {"shadow", to_json(document.shadow)},
              {"sync_requests", document.sync_requests},
              {"corrections", document.corrections},
              {"missing", document.missing},
              {"formats", document.formats},
              {"policy", policy_json(document.policy)},
              {"drained", drained_json(document.drained)},
              {"nginx", document.nginx},
              {"late", document.late},
              {"blocked", std::move(blocked)},
              {"held_back", std::move(held_back)},
              {"tree", document.tree ? to_json(*document.tree) : Json()},
              {"waiting", std::move(waiting)},
              {"template_pushed", document.template_pushed}};
}

std::string encode(const RootDocument& document) {
  return print(Json{{"format", document.format}, {"cluster_id", document.cluster_id}});
}

std::string encode(const StateDocument& document) { return print(to_json(document)); }

std::string encode(const AgentDocument& document) { return print(to_json(document)); }

std::string encode(const HoldDocument& hold) {
  Json revision = hold.revision.value;
  if (hold.epoch.value > 0 || hold.revision.value == 0) revision = revision_text(hold);
  Json json{{"revision", revision}, {"by", cut_text(hold.by)}, {"reason", cut_text(hold.reason)}};
  if (!hold.released_by.empty()) json["released_by"] = cut_text(hold.released_by);
  return print(json);
}

std::string encode(const MemberDocument& document) {
  return print(Json{{"host", document.host}, {"since", document.since}});
}

std::string encode(const AcceptDocument& document) {
  return print(Json{{"accept", document.what}, {"by", cut_text(document.by)}});
}

Json to_json(const std::vector<QuarantineEntry>& entries) {
  Json json = Json::array();
  for (const auto& entry : entries) {
    Json one{{"app", entry.app}, {"reason", cut_text(entry.reason)}, {"digest", entry.digest}};
    if (!entry.since.empty()) one["since"] = entry.since;
    json.push_back(std::move(one));
  }
  return json;
}

std::string encode(const Manifest& document) {
  Json json;
  json["format"] = document.format;
  put(json, document.header);
  Json parent;
  if (document.parent) put(parent, *document.parent);
  json["parent"] = std::move(parent);
  if (!document.event_at.empty()) json["event_at"] = document.event_at;
  json["quarantined"] = to_json(document.quarantined);
  if (!document.policy.empty()) json["policy"] = document.policy;
  Json files = Json::object();
  for (const auto& [name, file] : document.files) files[name] = to_json(file);
  json["files"] = std::move(files);
  return print(json);
}

bool is_manifest_of(const Identity& identity, const Manifest& manifest) {
  return manifest.header.identity == identity && manifest_digest(manifest.files) == identity.digest;
}

std::string manifest_digest(const std::map<std::string, FileEntry>& files) {
  std::string lines;
  for (const auto& [name, file] : files) lines += name + " " + file.digest + "\n";
  return sha256_hex(lines);
}

std::string manifest_name(Epoch epoch, Revision revision) {
  std::array<char, 64> name{};
  std::snprintf(name.data(), name.size(), "%06lld.%010lld", static_cast<long long>(epoch.value),
                static_cast<long long>(revision.value));
  return name.data();
}

std::optional<std::pair<Epoch, Revision>> parse_manifest_name(std::string_view name) {
  std::pair<Epoch, Revision> result;
  const char* const end = name.data() + name.size();
  const auto epoch = std::from_chars(name.data(), end, result.first.value);
  if (epoch.ec != std::errc() || epoch.ptr == end || *epoch.ptr != '.') return std::nullopt;
  const auto revision = std::from_chars(epoch.ptr + 1, end, result.second.value);
  if (revision.ec != std::errc() || revision.ptr != end) return std::nullopt;
  return result;
}

}  // namespace chorale::coordination
