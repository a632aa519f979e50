#include "agent/cli/history_text.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "agent/cli/table.h"

namespace chorale::agent {
namespace {

const std::string kIndent(8, ' ');

std::string seconds_text(std::int64_t milliseconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f s", static_cast<double>(milliseconds) / 1'000);
  return text.data();
}

std::string votes_text(const coordination::VoteCounts& votes) {
  std::string text = std::to_string(votes.ack) + " ack";
  const auto add = [&text](std::int64_t count, std::string_view word) {
    if (count > 0) text += ", " + std::to_string(count) + " " + std::string(word);
  };
  add(votes.nack, "nack");
  add(votes.unable, "unable");
  add(votes.silent, "silent");
  return text;
}

// "2026-11-22 12:00:00", as it stands in ISO 8601.
std::string time_text(const std::string& at) {
  std::string text = safe(at).substr(0, 19);
  if (const auto letter = text.find('T'); letter != std::string::npos) text[letter] = ' ';
  return text;
}

// What was done to the apps, in numbers, where not all of their names are there.
std::string count_text(const coordination::ChangeSummary& changes) {
  return std::to_string(changes.all_added) + " apps added, " + std::to_string(changes.all_removed) + " removed, " +
         std::to_string(changes.all_changed) + " changed; servers +" + std::to_string(changes.servers_added) + " -" +
         std::to_string(changes.servers_removed);
}

// Of a commit that the next leader wrote down nobody knows how it went: each commit has a vote.
bool is_recorded(const coordination::HistoryEntry& entry) { return entry.votes != coordination::VoteCounts{}; }

std::string duration_text(const coordination::HistoryEntry& entry) {
  return seconds_text(entry.commit_ms) + " to commit, " +
         (entry.all_applied_ms ? seconds_text(*entry.all_applied_ms) + " to all" : "not on all yet");
}

std::string entry_text(const coordination::HistoryEntry& entry) {
  std::string head = to_text(coordination::Identity{entry.epoch, entry.revision, {}});
  head.append(head.size() < 6 ? 6 - head.size() : 0, ' ');
  std::string text = head + "  " + time_text(entry.at) + (is_recorded(entry) ? "  " + duration_text(entry) : "") + "\n";
  const coordination::ChangeSummary& changes = entry.changes;
  if (!changes.what.empty()) text += wrapped(kIndent, changes.what);
  const std::int64_t apps = changes.all_added + changes.all_removed + changes.all_changed;
  if (apps > static_cast<std::int64_t>(coordination::kNamesInHistory)) text += wrapped(kIndent, count_text(changes));
  if (!entry.cause.empty()) text += wrapped(kIndent, "cause: " + entry.cause);
  const std::string votes = is_recorded(entry) ? votes_text(entry.votes) : "not recorded";
  return text + wrapped(kIndent, "votes: " + votes + (entry.by.empty() ? "" : "; by " + entry.by));
}

}  // namespace

std::string history_text(const std::vector<coordination::HistoryEntry>& entries) {
  if (entries.empty()) return "no commit is recorded yet\n";
  std::string text;
  for (const coordination::HistoryEntry& entry : entries) text += entry_text(entry);
  return text;
}

}  // namespace chorale::agent
