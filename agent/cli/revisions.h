// Revisions as operators name them, found in ZooKeeper. Blocking.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "agent/base/exit_code.h"
#include "agent/cli/cluster_session.h"
#include "coordination/documents.h"

namespace chorale::agent {

// "41", "5.41", "current" or "committed", which both are what is committed. The error: `not_kept` as its exit code
// where it is not kept any more, or cannot be read.
[[nodiscard]] tl::expected<coordination::Manifest, CliError> find_revision(ClusterSession& session,
                                                                           const coordination::Path& root,
                                                                           const coordination::StateDocument& state,
                                                                           const std::string& name, int not_kept);
// Whether `name` could be one.
[[nodiscard]] bool names_a_revision(const std::string& name);

}  // namespace chorale::agent
