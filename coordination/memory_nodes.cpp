#include "coordination/memory_nodes.h"

#include <array>
#include <cstdio>

#include "coordination/require.h"

namespace chorale::coordination {
namespace {

tl::unexpected<Error> refuse(ErrorKind kind, std::string_view what, const Path& path) {
  return tl::unexpected(Error{kind, std::string(what) + " " + path.text() + ": " + std::string(to_string(kind))});
}

std::string sequence_suffix(std::int32_t number) {
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "%010d", number);
  return digits.data();
}

bool matches(Version expected, const Stat& stat) { return expected == kAnyVersion || expected == stat.version; }

}  // namespace

MemoryNodes::MemoryNodes() { nodes_[Path("/")].stat.version = Version{0}; }

Path MemoryNodes::parent_of(const Path& path) {
  require(path != Path("/"), "only the root has no parent");
  const auto slash = path.text().rfind('/');
  return Path(slash == 0 ? "/" : path.text().substr(0, slash));
}

tl::expected<Path, Error> MemoryNodes::create(const CreateNode& request, SessionId session) {
  if (request.path == Path("/")) return refuse(ErrorKind::kExists, "create", request.path);
  const auto parent = nodes_.find(parent_of(request.path));
  if (parent == nodes_.end()) return refuse(ErrorKind::kNoNode, "create", request.path);
  Path path = request.path;
  if (request.kind == NodeKind::kEphemeralSequential) {
    path = Path(path.text() + sequence_suffix(parent->second.children_created));
  }
  if (nodes_.contains(path)) return refuse(ErrorKind::kExists, "create", path);
  if (parent->second.stat.ephemeral_owner != SessionId{}) {
    return refuse(ErrorKind::kNoChildrenForEphemerals, "create", path);
  }

  ++zxid_;
  MemoryNode node;
  node.data = request.data;
  node.stat = Stat{.version = Version{0},
                   .created_zxid = zxid_,
                   .modified_zxid = zxid_,
                   .ephemeral_owner = request.kind == NodeKind::kPersistent ? SessionId{} : session,
                   .data_length = static_cast<std::int32_t>(request.data.size())};
  parent->second.children.emplace(path.name());
  ++parent->second.children_created;
  nodes_.emplace(path, std::move(node));
  return path;
}

tl::expected<Stat, Error> MemoryNodes::write(const WriteNode& request) {
  const auto found = nodes_.find(request.path);
  if (found == nodes_.end()) return refuse(ErrorKind::kNoNode, "write", request.path);
  MemoryNode& node = found->second;
  if (!matches(request.expected, node.stat)) return refuse(ErrorKind::kBadVersion, "write", request.path);
  node.data = request.data;
  node.stat.modified_zxid = ++zxid_;
  ++node.stat.version.value;
  node.stat.data_length = static_cast<std::int32_t>(request.data.size());
  return node.stat;
}

tl::expected<void, Error> MemoryNodes::remove(const DeleteNode& request) {
  if (request.path == Path("/")) return refuse(ErrorKind::kBadRequest, "delete", request.path);
  const auto found = nodes_.find(request.path);
  if (found == nodes_.end()) return refuse(ErrorKind::kNoNode, "delete", request.path);
  if (!matches(request.expected, found->second.stat)) return refuse(ErrorKind::kBadVersion, "delete", request.path);
  if (!found->second.children.empty()) return refuse(ErrorKind::kNotEmpty, "delete", request.path);
  MemoryNode& parent = nodes_.at(parent_of(request.path));
  ++zxid_;
  parent.children.erase(std::string(request.path.name()));
  nodes_.erase(found);
  return {};
}

const MemoryNode* MemoryNodes::find(const Path& path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

std::vector<Path> MemoryNodes::ephemerals_of(SessionId session) const {
  std::vector<Path> paths;
  for (const auto& [path, node] : nodes_) {
    if (node.stat.ephemeral_owner == session) paths.push_back(path);
  }
  return paths;
}

}  // namespace chorale::coordination
