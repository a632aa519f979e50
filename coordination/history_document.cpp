#include "coordination/history_document.h"

#include <algorithm>
#include <utility>

#include "coordination/documents_json.h"

namespace chorale::coordination {
namespace {

constexpr std::size_t kNameBytes = 128;
constexpr std::size_t kCauseBytes = 200;
constexpr std::size_t kWhatBytes = 300;

std::string cut(const std::string& text, std::size_t bytes) {
  return text.size() <= bytes ? text : cut_text(text.substr(0, bytes - 3)) + "...";
}

Json names_json(const std::vector<std::string>& names) {
  Json json = Json::array();
  for (const std::string& name : names) {
    if (json.size() < kNamesInHistory) json.push_back(cut(name, kNameBytes));
  }
  return json;
}

Json entry_json(const HistoryEntry& entry) {
  const ChangeSummary& changes = entry.changes;
  Json applied;
  if (entry.all_applied_ms) applied = *entry.all_applied_ms;
  return Json{
      {"epoch", entry.epoch.value},
      {"revision", entry.revision.value},
      {"at", cut(entry.at, kNameBytes)},
      {"cause", cut(entry.cause, kCauseBytes)},
      {"by", cut(entry.by, kNameBytes)},
      {"what", cut(changes.what, kWhatBytes)},
      {"apps",
       {{"added", names_json(changes.added)},
        {"removed", names_json(changes.removed)},
        {"changed", names_json(changes.changed)},
        {"counts",
         {{"added", changes.all_added}, {"removed", changes.all_removed}, {"changed", changes.all_changed}}}}},
      {"servers", {{"added", changes.servers_added}, {"removed", changes.servers_removed}}},
      {"votes",
       {{"ack", entry.votes.ack},
        {"nack", entry.votes.nack},
        {"unable", entry.votes.unable},
        {"silent", entry.votes.silent}}},
      {"ms",
       {{"render", entry.render_ms},
        {"stage", entry.stage_ms},
        {"commit", entry.commit_ms},
        {"all_applied", std::move(applied)}}},
  };
}

void read_names(ObjectReader& reader, std::string_view key, std::vector<std::string>& into) {
  const Json* list = reader.optional_array(key);
  if (list == nullptr) return;
  for (const Json& name : *list) {
    if (!name.is_string()) return reader.fail(key, "holds something else than texts");
    into.push_back(name.get<std::string>());
  }
}

// An object that may be missing.
template <typename Read>
void read_part(ObjectReader& parent, std::string_view key, Read read) {
  if (!parent.has(key)) return;
  const Json* found = parent.object(key);
  if (found == nullptr) return;
  ObjectReader reader(*found, parent.full_name(key), parent.error());
  read(reader);
}

void read_changes(ObjectReader& reader, ChangeSummary& into) {
  reader.optional_text("what", into.what);
  read_part(reader, "apps", [&into](ObjectReader& apps) {
    read_names(apps, "added", into.added);
    read_names(apps, "removed", into.removed);
    read_names(apps, "changed", into.changed);
    read_part(apps, "counts", [&into](ObjectReader& counts) {
      counts.optional_number("added", into.all_added);
      counts.optional_number("removed", into.all_removed);
      counts.optional_number("changed", into.all_changed);
    });
  });
  read_part(reader, "servers", [&into](ObjectReader& servers) {
    servers.optional_number("added", into.servers_added);
    servers.optional_number("removed", into.servers_removed);
  });
}

void read_entry(ObjectReader& reader, HistoryEntry& into) {
  reader.number("epoch", into.epoch.value);
  reader.number("revision", into.revision.value);
  reader.optional_text("at", into.at);
  reader.optional_text("cause", into.cause);
  reader.optional_text("by", into.by);
  read_changes(reader, into.changes);
  read_part(reader, "votes", [&into](ObjectReader& votes) {
    votes.optional_number("ack", into.votes.ack);
    votes.optional_number("nack", into.votes.nack);
    votes.optional_number("unable", into.votes.unable);
    votes.optional_number("silent", into.votes.silent);
  });
  read_part(reader, "ms", [&into](ObjectReader& ms) {
    ms.optional_number("render", into.render_ms);
    ms.optional_number("stage", into.stage_ms);
    ms.optional_number("commit", into.commit_ms);
    const Json* applied = ms.has("all_applied") ? ms.required("all_applied") : nullptr;
    if (applied != nullptr && !applied->is_null()) ms.number("all_applied", into.all_applied_ms.emplace());
  });
}

}  // namespace

std::string encode(const std::vector<HistoryEntry>& entries) {
  std::string text;
  std::size_t count = 0;
  for (const HistoryEntry& entry : entries) {
    const std::string line = entry_json(entry).dump(-1, ' ', false, Json::error_handler_t::replace);
    if (++count > kHistoryEntries || text.size() + line.size() + 8 > kHistoryBytes) break;
    text += (text.empty() ? "" : ",\n") + line;
  }
  return "[\n" + text + "\n]\n";
}

tl::expected<std::vector<HistoryEntry>, Error> decode_history(std::string_view text) {
  const auto list = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return tl::unexpected(Error{ErrorKind::kMalformed, "history is not a JSON array"});
  std::vector<HistoryEntry> entries;
  std::optional<Error> error;
  for (const Json& value : list) {
    ObjectReader reader(value, "history[" + std::to_string(entries.size()) + "]", error);
    read_entry(reader, entries.emplace_back());
    if (error) return tl::unexpected(std::move(*error));
  }
  return entries;
}

}  // namespace chorale::coordination
