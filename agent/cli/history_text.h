// The history for a terminal of 80 columns. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordination/history_document.h"

namespace chorale::agent {

// Newest first, as given. Lines of at most 80 columns, broken between words; one longer word stands alone.
[[nodiscard]] std::string history_text(const std::vector<coordination::HistoryEntry>& entries);
// Those made since `from`, in seconds since 1970, and those of which nobody knows when.
[[nodiscard]] std::vector<coordination::HistoryEntry> entries_since(
    const std::vector<coordination::HistoryEntry>& entries, std::int64_t from);
// To be said below them: that none is, and where what is kept begins, if that is later than `from`.
[[nodiscard]] std::string reach_text(const std::vector<coordination::HistoryEntry>& entries, std::int64_t from);

}  // namespace chorale::agent
