#include "agent/cli/history_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string_view>

#include "agent/base/clock.h"
#include "agent/cli/table.h"
#include "agent/cli/template_text.h"

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

// What was done to the apps, in numbers, where not all of their names are there.
std::string count_text(const coordination::ChangeSummary& changes) {
  return std::to_string(changes.all_added) + (changes.all_added == 1 ? " app added, " : " apps added, ") +
         std::to_string(changes.all_removed) + " removed, " + std::to_string(changes.all_changed) +
         " changed; servers +" + std::to_string(changes.servers_added) + " -" + std::to_string(changes.servers_removed);
}

// Of a commit that the next leader wrote down nobody knows how it went: each commit has a vote.
bool is_recorded(const coordination::HistoryEntry& entry) { return entry.votes != coordination::VoteCounts{}; }

// The second begins where the first ends.
std::string duration_text(const coordination::HistoryEntry& entry, bool is_newest) {
  return seconds_text(entry.commit_ms) + " to commit, " +
         (entry.all_applied_ms ? seconds_text(*entry.all_applied_ms) + " more to all"
          : is_newest          ? "not on all yet"
                               : "replaced before all had it");
}

std::string entry_text(const coordination::HistoryEntry& entry, bool is_newest) {
  std::string head = to_text(coordination::Identity{entry.epoch, entry.revision, {}});
  head.append(head.size() < 6 ? 6 - head.size() : 0, ' ');
  std::string text =
      head + "  " + time_text(entry.at) + (is_recorded(entry) ? "  " + duration_text(entry, is_newest) : "") + "\n";
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
  for (const coordination::HistoryEntry& entry : entries) text += entry_text(entry, &entry == &entries.front());
  return text;
}

std::vector<coordination::HistoryEntry> entries_since(const std::vector<coordination::HistoryEntry>& entries,
                                                      std::int64_t from) {
  std::vector<coordination::HistoryEntry> lately;
  std::copy_if(entries.begin(), entries.end(), std::back_inserter(lately),
               [from](const coordination::HistoryEntry& entry) { return seconds_of(entry.at).value_or(from) >= from; });
  return lately;
}

std::string reach_text(const std::vector<coordination::HistoryEntry>& entries, std::int64_t from) {
  if (entries.empty()) return "no commit is recorded yet\n";
  const auto name = [](const coordination::HistoryEntry& entry) {
    return to_text(coordination::Identity{entry.epoch, entry.revision, {}}) + " of " + time_text(entry.at);
  };
  std::string text;
  if (entries_since(entries, from).empty()) {
    const std::string since = format_utc(std::chrono::system_clock::from_time_t(from));
    text = wrapped("", "no commit since " + time_text(since) + "; the last is " + name(entries.front()));
  }
  // As many are kept as fit: whether there were others before them is not known.
  if (seconds_of(entries.back().at).value_or(from) <= from) return text;
  return text +
         wrapped("", "what is kept begins with " + name(entries.back()) + ": of what was before nothing is known");
}

}  // namespace chorale::agent
