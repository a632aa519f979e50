// Who of Marathon's nodes leads, as its own election in ZooKeeper shows. Pure.
//
// Each node puts its "host:port" into an ephemeral znode, below <root>/leader (up to 1.4, and as a pointer to the
// leader up to 1.5) or <root>/leader-curator (the latch of later ones, and of `--leader_election_backend curator`); the
// lowest sequence number leads.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "coordination/directory_watch.h"

namespace chorale::agent {

// The directories of the election of the Marathon at this root.
[[nodiscard]] std::vector<coordination::Path> election_directories(const coordination::Path& root);

// The nodes' URLs, the leader first; each once. What is no host:port is left out. `https`: Marathon's nodes say the
// port of HTTPS there where they run with --disable_http.
[[nodiscard]] std::vector<std::string> elected_endpoints(
    const coordination::Path& root, const std::map<coordination::Path, coordination::DirectoryTexts>& found,
    bool https);

}  // namespace chorale::agent
