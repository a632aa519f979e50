// The pushed templates of a pool for a terminal: which is in use, and what a rollback would do. Pure.
#pragma once

#include <string>
#include <vector>

#include "coordination/cluster_reader.h"

namespace chorale::agent {

// "2026-11-22 12:00:00Z" of an ISO 8601 text in UTC.
[[nodiscard]] std::string time_text(const std::string& at);

// Its first 12 digits.
[[nodiscard]] std::string short_digest(const coordination::TemplateVersion& version);
[[nodiscard]] std::string list_of(const std::vector<std::string>& ids);
// "template 0123456789ab (jo, 2026-11-22 12:00:00Z)", "the leader's template file".
[[nodiscard]] std::string version_text(const coordination::TemplateVersion& version);

// What stands in `cluster.pushed_template`, one line each, with where it is in use by what is committed; then what
// keeps the newest out of use, and what `chorale template rollback` would do.
[[nodiscard]] std::string template_history_text(const coordination::ClusterSnapshot& cluster);
// "a rollback goes back to ...", as a sentence without its full stop.
[[nodiscard]] std::string rollback_text(const coordination::TemplateDocument& document);

}  // namespace chorale::agent
