// The history for a terminal of 80 columns. Pure.
#pragma once

#include <string>
#include <vector>

#include "coordination/history_document.h"

namespace chorale::agent {

// Newest first, as given. Lines of at most 80 columns, broken between words; one longer word stands alone.
[[nodiscard]] std::string history_text(const std::vector<coordination::HistoryEntry>& entries);

}  // namespace chorale::agent
