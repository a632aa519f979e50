#include <array>

#include "coordination/documents.h"
#include "coordination/documents_json.h"

namespace chorale::coordination {
namespace {

constexpr std::array kRoles{Role::kFollower, Role::kLeader};
constexpr std::array kConditions{Condition::kOk, Condition::kDegraded, Condition::kDown};
constexpr std::array kVoteResults{VoteResult::kAck, VoteResult::kNack, VoteResult::kUnable};

// A digest ends up in the first line of a config file: what stands here must not be able to break out of it.
void read_digest(ObjectReader& reader, std::string_view key, std::string& into) {
  static constexpr std::size_t kMaxDigits = 64;
  reader.text(key, into);
  const auto plain = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-'; };
  bool fine = !into.empty() && into.size() <= kMaxDigits;
  for (const char c : into) fine = fine && plain(c);
  if (!fine) reader.fail(key, "is not a digest");
}

void read_identity(ObjectReader& reader, Identity& into) {
  reader.number("epoch", into.epoch.value);
  reader.number("revision", into.revision.value);
  read_digest(reader, "digest", into.digest);
}

void read_header(ObjectReader& reader, RevisionHeader& into) {
  read_identity(reader, into.identity);
  reader.text("created_at", into.created_at);
  reader.text("cause", into.cause);
  reader.number("apps", into.apps);
  reader.number("servers", into.servers);
}

void read_hold(ObjectReader& reader, HoldDocument& into) {
  reader.number("revision", into.revision.value);
  reader.optional_text("by", into.by);
  reader.optional_text("reason", into.reason);
}

// Reads an object that may be null, by `read(reader, value)`.
template <typename Value, typename Read>
void read_optional(ObjectReader& parent, std::string_view key, std::optional<Value>& into, Read read) {
  const Json* found = parent.object_or_null(key);
  if (found == nullptr) return;
  ObjectReader reader(*found, parent.full_name(key), parent.error());
  read(reader, into.emplace());
}

void read_optional_header(ObjectReader& parent, std::string_view key, std::optional<RevisionHeader>& into) {
  read_optional(parent, key, into, [](ObjectReader& reader, RevisionHeader& header) {
    read_header(reader, header);
    reader.number("quarantined", header.quarantined);
  });
}

// ["/chorale/chunks/<digest>", bytes] or ["/chorale/chunks/<digest>", bytes, "/first/app"].
void read_chunks(ObjectReader& file, std::vector<ChunkReference>& into) {
  const Json* chunks = file.array("chunks");
  if (chunks == nullptr) return;
  into.reserve(chunks->size());
  for (const auto& entry : *chunks) {
    const bool shaped = entry.is_array() && (entry.size() == 2 || entry.size() == 3) && entry[0].is_string() &&
                        entry[1].is_number_unsigned() && entry.back().is_primitive() &&
                        (entry.size() == 2 || entry[2].is_string()) &&
                        entry[0].get_ref<const std::string&>().starts_with('/');
    if (!shaped) {
      return file.fail("chunks[" + std::to_string(into.size()) + "]", "is not [path, bytes] or [path, bytes, app]");
    }
    into.push_back({entry[0].get<std::string>(), entry[1].get<std::int64_t>(),
                    entry.size() == 3 ? entry[2].get<std::string>() : std::string()});
  }
}

void read_files(ObjectReader& reader, std::map<std::string, FileEntry>& into) {
  const Json* files = reader.object("files");
  if (files == nullptr) return;
  for (const auto& [name, value] : files->items()) {
    ObjectReader file(value, reader.full_name("files.") + name, reader.error());
    FileEntry& entry = into[name];
    read_digest(file, "digest", entry.digest);
    file.number("bytes", entry.bytes);
    read_chunks(file, entry.chunks);
  }
}

void read_quarantined(ObjectReader& reader, std::vector<QuarantineEntry>& into) {
  const Json* list = reader.array("quarantined");
  if (list == nullptr) return;
  for (const auto& value : *list) {
    ObjectReader entry(value, reader.full_name("quarantined[" + std::to_string(into.size()) + "]"), reader.error());
    QuarantineEntry& read = into.emplace_back();
    entry.text("app", read.app);
    entry.text("reason", read.reason);
    entry.text("digest", read.digest);
    entry.optional_text("since", read.since);
  }
}

void read_missing(ObjectReader& reader, std::vector<std::string>& into) {
  const Json* list = reader.array("missing");
  if (list == nullptr) return;
  for (const auto& value : *list) {
    if (!value.is_string()) return reader.fail("missing", "holds something else than strings");
    into.push_back(value.get<std::string>());
  }
}

}  // namespace

tl::expected<RootDocument, Error> decode_root(std::string_view text) {
  return decode_document<RootDocument>(text, "root", [](ObjectReader& reader, RootDocument& into) {
    reader.format(kFormat);
    reader.text("cluster_id", into.cluster_id);
    if (into.cluster_id.empty()) reader.fail("cluster_id", "is empty");
  });
}

tl::expected<StateDocument, Error> decode_state(std::string_view text) {
  return decode_document<StateDocument>(text, "state", [](ObjectReader& reader, StateDocument& into) {
    reader.format(kFormat);
    reader.text("cluster_id", into.cluster_id);
    reader.number("epoch", into.epoch.value);
    reader.text("term", into.term);
    reader.text("leader", into.leader);
    reader.number("last_revision", into.last_revision.value);
    read_optional_header(reader, "committed", into.committed);
    read_optional_header(reader, "proposed", into.proposed);
    read_optional(reader, "held", into.held, read_hold);
  });
}

tl::expected<Manifest, Error> decode_manifest(std::string_view text) {
  return decode_document<Manifest>(text, "manifest", [](ObjectReader& reader, Manifest& into) {
    reader.format(kFormat);
    read_header(reader, into.header);
    read_optional(reader, "parent", into.parent, read_identity);
    read_quarantined(reader, into.quarantined);
    into.header.quarantined = static_cast<std::int64_t>(into.quarantined.size());
    read_files(reader, into.files);
  });
}

tl::expected<AgentDocument, Error> decode_agent(std::string_view text) {
  return decode_document<AgentDocument>(text, "agent", [](ObjectReader& reader, AgentDocument& into) {
    reader.text("id", into.id);
    reader.text("instance", into.instance);
    reader.text("host", into.host);
    reader.text("version", into.version);
    reader.text("started_at", into.started_at);
    reader.text("admin", into.admin);
    reader.word("role", kRoles, into.role);
    reader.word("status", kConditions, into.condition);
    reader.text("message", into.message);
    read_optional(reader, "vote", into.vote, [](ObjectReader& vote, Vote& read) {
      read_identity(vote, read.identity);
      vote.word("result", kVoteResults, read.result);
      vote.text("error", read.error);
    });
    read_optional(reader, "applied", into.applied, [](ObjectReader& applied, AppliedEntry& read) {
      read_identity(applied, read.identity);
      applied.text("at", read.at);
    });
    reader.text("template_digest", into.template_digest);
    reader.boolean("marathon_reachable", into.marathon_reachable);
    reader.number("sync_requests", into.sync_requests);
    read_missing(reader, into.missing);
  });
}

tl::expected<HoldDocument, Error> decode_hold(std::string_view text) {
  return decode_document<HoldDocument>(text, "hold", read_hold);
}

}  // namespace chorale::coordination
