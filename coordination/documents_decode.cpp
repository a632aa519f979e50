#include <algorithm>
#include <array>
#include <charconv>

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
  reader.optional_text("created_at", into.created_at);
  reader.optional_text("cause", into.cause);
  reader.optional_number("apps", into.apps);
  reader.optional_number("servers", into.servers);
}

void read_hold(ObjectReader& reader, HoldDocument& into) {
  const Json* revision = reader.required("revision");
  if (revision == nullptr) return;
  const std::string text = revision->is_string() ? revision->get<std::string>() : revision->dump();
  if (!read_revision(text, into)) reader.fail("revision", "is neither a revision's number nor \"current\"");
  reader.optional_text("by", into.by);
  reader.optional_text("reason", into.reason);
  reader.optional_text("released_by", into.released_by);
}

// {revision:41,by:jo,reason:deploy}: quotes and blanks do not survive the shell of zkCli.sh. A comma in the reason
// does.
std::optional<HoldDocument> read_bare_hold(std::string_view text) {
  if (!text.starts_with('{') || !text.ends_with('}')) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  HoldDocument hold;
  bool named = false;
  std::string* last = nullptr;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const auto colon = pair.find(':');
    const std::string_view key = pair.substr(0, colon);
    const std::string_view value = colon == std::string_view::npos ? std::string_view() : pair.substr(colon + 1);
    if (key == "revision") {
      named = read_revision(value, hold);
      if (!named) return std::nullopt;
    } else if (key == "by" || key == "reason") {
      last = key == "by" ? &hold.by : &hold.reason;
      *last = value;
    } else if (last != nullptr) {
      *last += "," + std::string(pair);
    } else {
      return std::nullopt;
    }
  }
  return named ? std::optional(std::move(hold)) : std::nullopt;
}

// Older versions wrote what stood in the hold.
void read_held(ObjectReader& reader, HoldDocument& into) {
  reader.number("revision", into.revision.value);
  reader.optional_number("epoch", into.epoch.value);
  if (reader.has("digest")) read_digest(reader, "digest", into.digest);
  reader.optional_text("by", into.by);
  reader.optional_text("reason", into.reason);
  reader.optional_text("since", into.since);
  reader.optional_text("error", into.error);
}

// Reads an object that may be null, by `read(reader, value)`.
template <typename Value, typename Read>
void read_nullable(ObjectReader& parent, std::string_view key, std::optional<Value>& into, Read read) {
  const Json* found = parent.object_or_null(key);
  if (found == nullptr) return;
  ObjectReader reader(*found, parent.full_name(key), parent.error());
  read(reader, into.emplace());
}

// The same, of a key that may be missing.
template <typename Value, typename Read>
void read_optional(ObjectReader& parent, std::string_view key, std::optional<Value>& into, Read read) {
  if (parent.has(key)) read_nullable(parent, key, into, read);
}

void read_applied(ObjectReader& reader, AppliedEntry& into) {
  read_identity(reader, into.identity);
  reader.optional_text("at", into.at);
}

void read_state_header(ObjectReader& reader, RevisionHeader& into) {
  read_header(reader, into);
  reader.optional_number("quarantined", into.quarantined);
  reader.optional_text("policy", into.policy);
}

void read_policy_values(ObjectReader& reader, std::string_view key, PolicyValues& into) {
  const Json* values = reader.has(key) ? reader.object_or_null(key) : nullptr;
  if (values == nullptr) return;
  for (const auto& [name, value] : values->items()) {
    if (!value.is_string()) return reader.fail(key, "holds something else than texts");
    into.emplace(name, value.get<std::string>());
  }
}

// ["/chorale/chunks/<digest>", bytes] or ["/chorale/chunks/<digest>", bytes, "/first/app"], and what newer versions
// append.
void read_chunks(ObjectReader& file, std::vector<ChunkReference>& into) {
  const Json* chunks = file.array("chunks");
  if (chunks == nullptr) return;
  into.reserve(chunks->size());
  for (const auto& entry : *chunks) {
    const bool shaped = entry.is_array() && entry.size() >= 2 && entry[0].is_string() &&
                        entry[1].is_number_unsigned() && (entry.size() == 2 || entry[2].is_string()) &&
                        entry[0].get_ref<const std::string&>().starts_with('/');
    if (!shaped) {
      return file.fail("chunks[" + std::to_string(into.size()) + "]", "is not [path, bytes] or [path, bytes, app]");
    }
    into.push_back({entry[0].get<std::string>(), entry[1].get<std::int64_t>(),
                    entry.size() > 2 ? entry[2].get<std::string>() : std::string()});
  }
}

void read_files(ObjectReader& reader, std::map<std::string, FileEntry>& into) {
  const Json* files = reader.object("files");
  if (files == nullptr) return;
  for (const auto& [name, value] : files->items()) {
    ObjectReader file(value, reader.full_name("files.") + name, reader.error());
    read_file(file, into[name]);
  }
}

void read_quarantined(ObjectReader& reader, std::vector<QuarantineEntry>& into) {
  const Json* list = reader.optional_array("quarantined");
  if (list == nullptr) return;
  for (const auto& value : *list) {
    ObjectReader entry(value, reader.full_name("quarantined[" + std::to_string(into.size()) + "]"), reader.error());
    QuarantineEntry& read = into.emplace_back();
    entry.text("app", read.app);
    entry.optional_text("reason", read.reason);
    entry.optional_text("digest", read.digest);
    entry.optional_text("since", read.since);
  }
}

void read_formats(ObjectReader& reader, std::vector<std::int64_t>& into) {
  const Json* list = reader.optional_array("formats");
  if (list == nullptr) return;
  into.clear();
  for (const auto& value : *list) {
    if (!value.is_number_unsigned()) return reader.fail("formats", "holds something else than whole numbers");
    into.push_back(value.get<std::int64_t>());
  }
  if (into.empty()) reader.fail("formats", "is empty");
}

}  // namespace

void read_file(ObjectReader& reader, FileEntry& into) {
  read_digest(reader, "digest", into.digest);
  reader.number("bytes", into.bytes);
  read_chunks(reader, into.chunks);
}

void read_texts(ObjectReader& reader, std::string_view key, std::vector<std::string>& into) {
  const Json* list = reader.optional_array(key);
  if (list == nullptr) return;
  for (const auto& value : *list) {
    if (!value.is_string()) return reader.fail(key, "holds something else than strings");
    into.push_back(value.get<std::string>());
  }
}

tl::expected<RootDocument, Error> decode_root(std::string_view text, std::int64_t newest) {
  return decode_document<RootDocument>(text, "root", [newest](ObjectReader& reader, RootDocument& into) {
    reader.format(newest, into.format);
    reader.text("cluster_id", into.cluster_id);
    if (into.cluster_id.empty()) reader.fail("cluster_id", "is empty");
  });
}

tl::expected<StateDocument, Error> decode_state(std::string_view text, std::int64_t newest) {
  return decode_document<StateDocument>(text, "state", [newest](ObjectReader& reader, StateDocument& into) {
    reader.format(newest, into.format);
    reader.text("cluster_id", into.cluster_id);
    reader.number("epoch", into.epoch.value);
    reader.text("term", into.term);
    reader.optional_text("leader", into.leader);
    reader.number("last_revision", into.last_revision.value);
    read_nullable(reader, "committed", into.committed, read_state_header);
    read_optional(reader, "proposed", into.proposed, read_state_header);
    read_optional(reader, "held", into.held, read_held);
  });
}

tl::expected<Manifest, Error> decode_manifest(std::string_view text, std::int64_t newest) {
  return decode_document<Manifest>(text, "manifest", [newest](ObjectReader& reader, Manifest& into) {
    reader.format(newest, into.format);
    read_header(reader, into.header);
    read_optional(reader, "parent", into.parent, read_identity);
    reader.optional_text("event_at", into.event_at);
    read_quarantined(reader, into.quarantined);
    into.header.quarantined = static_cast<std::int64_t>(into.quarantined.size());
    read_policy_values(reader, "policy", into.policy);
    into.header.policy = policy_digest(into.policy);
    read_files(reader, into.files);
  });
}

tl::expected<AgentDocument, Error> decode_agent(std::string_view text) {
  return decode_document<AgentDocument>(text, "agent", [](ObjectReader& reader, AgentDocument& into) {
    reader.text("id", into.id);
    reader.text("instance", into.instance);
    reader.optional_text("host", into.host);
    reader.optional_text("version", into.version);
    reader.optional_text("started_at", into.started_at);
    reader.optional_text("admin", into.admin);
    reader.optional_word("role", kRoles, into.role);
    reader.optional_word("status", kConditions, into.condition);
    reader.optional_text("message", into.message);
    read_optional(reader, "vote", into.vote, [](ObjectReader& vote, Vote& read) {
      read_identity(vote, read.identity);
      vote.word("result", kVoteResults, read.result);
      vote.optional_text("error", read.error);
    });
    read_optional(reader, "applied", into.applied, read_applied);
    reader.optional_text("template_digest", into.template_digest);
    reader.optional_boolean("marathon_reachable", into.marathon_reachable);
    reader.optional_boolean("lead", into.may_lead);
    reader.optional_boolean("apply", into.applies);
    read_optional(reader, "shadow", into.shadow, read_applied);
    reader.optional_number("sync_requests", into.sync_requests);
    reader.optional_number("corrections", into.corrections);
    read_texts(reader, "missing", into.missing);
    read_formats(reader, into.formats);
    read_optional(reader, "drained", into.drained, [](ObjectReader& drained, Drained& read) {
      drained.text("since", read.since);
      drained.optional_text("by", read.by);
      drained.optional_text("reason", read.reason);
    });
    reader.optional_text("nginx", into.nginx);
    read_texts(reader, "late", into.late);
    read_optional(reader, "blocked", into.blocked, [](ObjectReader& blocked, Blocked& read) {
      blocked.text("since", read.since);
      blocked.optional_text("reason", read.reason);
    });
    read_optional(reader, "held_back", into.held_back, [](ObjectReader& held, HeldLoss& read) {
      held.text("digest", read.digest);
      held.optional_text("reason", read.reason);
    });
    read_optional(reader, "tree", into.tree, [](ObjectReader& tree, TreeSize& read) {
      tree.optional_number("znodes", read.znodes);
      tree.optional_number("bytes", read.bytes);
    });
    read_optional(reader, "waiting", into.waiting, [](ObjectReader& waiting, WaitingChange& read) {
      waiting.optional_text("since", read.since);
      waiting.optional_text("what", read.what);
    });
    reader.optional_boolean("template_pushed", into.template_pushed);
    std::optional<PolicyValues> policy;
    read_optional(reader, "policy", policy,
                  [](ObjectReader& announced, PolicyValues& read) { read_policy_values(announced, "values", read); });
    if (policy) into.policy = std::move(*policy);
  });
}

bool read_revision(std::string_view text, HoldDocument& into) {
  into.epoch = Epoch{};
  into.revision = Revision{};
  if (text == "current") return true;
  const auto number = [](std::string_view digits, std::int64_t& read) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), read);
    return error == std::errc() && end == digits.data() + digits.size() && read > 0;
  };
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return number(text, into.revision.value);
  return number(text.substr(0, dot), into.epoch.value) && number(text.substr(dot + 1), into.revision.value);
}

tl::expected<HoldDocument, Error> decode_hold(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  tl::expected<HoldDocument, Error> hold;
  if (!read_revision(text, *hold)) hold = decode_document<HoldDocument>(text, "hold", read_hold);
  if (!hold) {
    if (auto bare = read_bare_hold(text)) hold = std::move(*bare);
  }
  if (hold && hold->by.empty()) hold->by = "an operator";
  return hold;
}

tl::expected<MemberDocument, Error> decode_member(std::string_view text) {
  return decode_document<MemberDocument>(text, "member", [](ObjectReader& reader, MemberDocument& into) {
    reader.optional_text("host", into.host);
    reader.optional_text("since", into.since);
  });
}

bool is_loss_digest(std::string_view text) {
  return text.size() == kLossDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

tl::expected<AcceptDocument, Error> decode_accept(std::string_view text) {
  if (text == kAcceptPolicy || is_loss_digest(text)) return AcceptDocument{std::string(text), "an operator"};
  return decode_document<AcceptDocument>(text, "accept", [](ObjectReader& reader, AcceptDocument& into) {
    reader.text("accept", into.what);
    reader.optional_text("by", into.by);
  });
}

}  // namespace chorale::coordination
