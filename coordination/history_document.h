// <root>/history: the last commits, newest first, for people: nothing rests on it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "coordination/errors.h"
#include "coordination/types.h"

namespace chorale::coordination {

inline constexpr std::size_t kHistoryEntries = 50;
inline constexpr std::size_t kHistoryBytes = 64 * 1024;  // as JSON; older entries make room
inline constexpr std::size_t kNamesInHistory = 10;       // of each list

// What a revision has otherwise than the one before; the agent around says it.
struct ChangeSummary {
  // Names, at most kNamesInHistory of each; the counts are of all.
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<std::string> changed;
  std::int64_t all_added = 0;
  std::int64_t all_removed = 0;
  std::int64_t all_changed = 0;
  std::int64_t servers_added = 0;
  std::int64_t servers_removed = 0;
  std::string what;  // one line, at most 300 bytes
  bool operator==(const ChangeSummary&) const = default;
};

struct VoteCounts {
  std::int64_t ack = 0;
  std::int64_t nack = 0;
  std::int64_t unable = 0;
  std::int64_t silent = 0;
  bool operator==(const VoteCounts&) const = default;
};

struct HistoryEntry {
  Epoch epoch;
  Revision revision;
  std::string at;     // ISO 8601: when it was made
  std::string cause;  // at most 200 bytes
  std::string by;     // the operator whose doing it is; empty: nobody's
  ChangeSummary changes;
  VoteCounts votes;
  // Milliseconds, on the leader's steady clock.
  std::int64_t render_ms = 0;                  // making it
  std::int64_t stage_ms = 0;                   // from the proposal to the verdict
  std::int64_t commit_ms = 0;                  // from the offer to the commit
  std::optional<std::int64_t> all_applied_ms;  // from the commit until every registered agent had applied it
  bool operator==(const HistoryEntry&) const = default;
};

// Ensures: at most kHistoryEntries and kHistoryBytes, the newest; one line each. `entries`: newest first.
[[nodiscard]] std::string encode(const std::vector<HistoryEntry>& entries);
// Keys that are not known are ignored, missing ones mean nothing; an entry without its numbers is an error.
[[nodiscard]] tl::expected<std::vector<HistoryEntry>, Error> decode_history(std::string_view text);

}  // namespace chorale::coordination
