// The znodes of a MemoryTree: what a server keeps when no session and no watch is looked at. Pure, copyable.
//
// Follows a 3.4 server in everything a client of ours can see: zxids rise by one a change, versions by one a write,
// sequence numbers count the children ever created under the parent, and errors come in the server's order of checks.
// What it lacks: times (always 0: there is no clock here), ACLs, quotas.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "coordination/store.h"

namespace chorale::coordination {

struct MemoryNode {
  std::string data;
  Stat stat;
  std::set<std::string> children;
  std::int32_t children_created = 0;  // the next sequence number
};

class MemoryNodes {
 public:
  MemoryNodes();

  // Ensures: an error changes nothing, the zxid included.
  [[nodiscard]] tl::expected<Path, Error> create(const CreateNode& request, SessionId session);
  [[nodiscard]] tl::expected<Stat, Error> write(const WriteNode& request);
  [[nodiscard]] tl::expected<void, Error> remove(const DeleteNode& request);

  [[nodiscard]] const MemoryNode* find(const Path& path) const;
  [[nodiscard]] std::vector<Path> ephemerals_of(SessionId session) const;  // in path order
  [[nodiscard]] std::int64_t zxid() const { return zxid_; }                // of the last change
  // Later changes count on from there at least, as after an election among servers.
  void raise_zxid(std::int64_t zxid) { zxid_ = std::max(zxid_, zxid); }

  // REQUIRES: not "/".
  [[nodiscard]] static Path parent_of(const Path& path);

 private:
  std::map<Path, MemoryNode> nodes_;
  std::int64_t zxid_ = 0;
};

}  // namespace chorale::coordination
