#include "coordination/cluster_reader.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "coordination/chunks.h"
#include "coordination/digest.h"
#include "coordination/documents_json.h"
#include "coordination/paths.h"

namespace chorale::coordination {
namespace {

// Enough to hide the round trips, few enough that a server which others use does not feel them.
constexpr std::size_t kReadsInFlight = 8;

// Reads one znode. `done` gets its data or why there is none.
void read_text(Store& store, const Path& path, std::function<void(tl::expected<std::string, Error>)> done) {
  store.execute(ReadNode{path}, [path, done = std::move(done)](Outcome outcome) {
    if (!outcome) return done(tl::unexpected(std::move(outcome).error()));
    auto* read = std::get_if<NodeRead>(&*outcome);
    if (read == nullptr) return done(tl::unexpected(Error{ErrorKind::kBadRequest, path.text() + ": not a read"}));
    done(std::move(read->data));
  });
}

// Reads many znodes, kReadsInFlight at a time. `take` gets every result, in any order; returning false ends it early
// and no further call is made. `done` is called once after the last result, unless it was ended.
class ManyReads : public std::enable_shared_from_this<ManyReads> {
 public:
  using Take = std::function<bool(std::size_t index, tl::expected<std::string, Error>)>;

  static void start(Store& store, std::vector<Path> paths, Take take, std::function<void()> done) {
    if (paths.empty()) return done();
    const auto reads = std::make_shared<ManyReads>(store, std::move(paths), std::move(take), std::move(done));
    for (std::size_t i = 0; i < kReadsInFlight; ++i) reads->send_next();
  }

  ManyReads(Store& store, std::vector<Path> paths, Take take, std::function<void()> done)
      : store_(store), paths_(std::move(paths)), take_(std::move(take)), done_(std::move(done)) {}

 private:
  void send_next() {
    if (next_ == paths_.size()) return;
    const std::size_t index = next_++;
    read_text(store_, paths_[index], [self = shared_from_this(), index](auto result) {
      if (self->ended_) return;
      if (!self->take_(index, std::move(result))) {
        self->ended_ = true;
      } else if (++self->finished_ == self->paths_.size()) {
        self->done_();
      } else {
        self->send_next();
      }
    });
  }

  Store& store_;
  const std::vector<Path> paths_;
  const Take take_;
  const std::function<void()> done_;
  std::size_t next_ = 0;
  std::size_t finished_ = 0;
  bool ended_ = false;
};

// The cluster: root, state, agents, members, pushed template, the committed manifest, one after the other.
struct ClusterRead {
  Store& store;
  Paths paths;
  std::function<void(tl::expected<ClusterSnapshot, Error>)> done;
  ClusterSnapshot snapshot;

  void fail(Error error) const { done(tl::unexpected(std::move(error))); }
};

// What is nowhere else: the digests of the files, the names of quarantined apps, the policy where no agent announces
// it.
void read_manifest(const std::shared_ptr<ClusterRead>& read) {
  if (!read->snapshot.state.committed) return read->done(std::move(read->snapshot));
  const RevisionHeader committed = *read->snapshot.state.committed;
  for (const AgentDocument& agent : read->snapshot.agents) {
    if (policy_digest(agent.policy) == committed.policy) read->snapshot.committed_policy = agent.policy;
  }
  const std::string name = manifest_name(committed.identity.epoch, committed.identity.revision);
  read_text(read->store, read->paths.revisions.child(name), [read, committed](auto text) {
    ClusterSnapshot& snapshot = read->snapshot;
    if (!text && text.error().kind != ErrorKind::kNoNode) return read->fail(std::move(text).error());
    auto manifest = text ? decode_manifest(*text) : tl::unexpected(text.error());
    if (!manifest) return read->done(std::move(snapshot));
    if (policy_digest(manifest->policy) == committed.policy) snapshot.committed_policy = manifest->policy;
    if (manifest->header.identity == committed.identity) {
      if (committed.quarantined > 0) snapshot.quarantined = std::move(manifest->quarantined);
      for (const auto& [file, entry] : manifest->files) snapshot.committed_files.emplace(file, entry.digest);
    }
    read->done(std::move(snapshot));
  });
}

void read_pushed_template(const std::shared_ptr<ClusterRead>& read) {
  read_text(read->store, read->paths.pushed_template, [read](auto text) {
    if (!text && text.error().kind != ErrorKind::kNoNode) return read->fail(std::move(text).error());
    if (text) {
      auto document = decode_template(*text);
      if (document) read->snapshot.pushed_template = std::move(*document);
      if (!document) read->snapshot.unreadable.push_back("the pushed template: " + document.error().message);
    }
    read_manifest(read);
  });
}

void read_members(const std::shared_ptr<ClusterRead>& read, std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  std::vector<Path> paths;
  paths.reserve(ids.size());
  for (const auto& id : ids) {
    paths.push_back(read->paths.members.child(id));
    read->snapshot.members.push_back({id, {}});
  }
  const auto take = [read](std::size_t index, const tl::expected<std::string, Error>& text) {
    if (!text && text.error().kind != ErrorKind::kNoNode) {
      read->fail(text.error());
      return false;
    }
    // One that cannot be read is a member all the same.
    if (text) read->snapshot.members[index].document = decode_member(*text).value_or(MemberDocument{});
    return true;
  };
  ManyReads::start(read->store, std::move(paths), take, [read] { read_pushed_template(read); });
}

// A tree that only older versions have written to has none.
void list_members(const std::shared_ptr<ClusterRead>& read) {
  read->store.execute(ListChildren{read->paths.members}, [read](Outcome outcome) {
    if (!outcome && outcome.error().kind != ErrorKind::kNoNode) return read->fail(std::move(outcome).error());
    auto* listed = outcome ? std::get_if<Listed>(&*outcome) : nullptr;
    read_members(read, listed == nullptr ? std::vector<std::string>() : std::move(listed->names));
  });
}

void read_agents(const std::shared_ptr<ClusterRead>& read, std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  std::vector<Path> paths;
  paths.reserve(ids.size());
  for (const auto& id : ids) paths.push_back(read->paths.agents.child(id));
  const auto take = [read, ids](std::size_t index, tl::expected<std::string, Error> text) {
    if (!text) {
      // Gone between the list and the read: an agent that has just ended.
      if (text.error().kind == ErrorKind::kNoNode) return true;
      read->fail(std::move(text).error());
      return false;
    }
    if (auto agent = decode_agent(*text)) {
      read->snapshot.agents.push_back(std::move(*agent));
    } else {
      read->snapshot.unreadable.push_back(ids[index] + ": " + agent.error().message);
    }
    return true;
  };
  ManyReads::start(read->store, std::move(paths), take, [read] {
    auto& snapshot = read->snapshot;
    std::sort(snapshot.agents.begin(), snapshot.agents.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    std::sort(snapshot.unreadable.begin(), snapshot.unreadable.end());
    list_members(read);
  });
}

void list_agents(const std::shared_ptr<ClusterRead>& read) {
  read->store.execute(ListChildren{read->paths.agents}, [read](Outcome outcome) {
    if (!outcome && outcome.error().kind == ErrorKind::kNoNode) return read_agents(read, {});
    if (!outcome) return read->fail(std::move(outcome).error());
    auto* listed = std::get_if<Listed>(&*outcome);
    read_agents(read, listed == nullptr ? std::vector<std::string>() : std::move(listed->names));
  });
}

void read_state(const std::shared_ptr<ClusterRead>& read) {
  read_text(read->store, read->paths.state, [read](auto text) {
    if (!text) return read->fail(std::move(text).error());
    auto state = decode_state(*text);
    if (!state) return read->fail(std::move(state).error());
    read->snapshot.state = std::move(*state);
    list_agents(read);
  });
}

// One file: manifest, then its chunks.

struct FileRead {
  Store& store;
  std::string name;
  std::function<void(tl::expected<std::string, Error>)> done;
  FileEntry entry;
  std::vector<std::string> pieces;

  void fail(std::string message) const { done(tl::unexpected(Error{ErrorKind::kMalformed, std::move(message)})); }
};

// nullopt: the piece is what the manifest names.
std::optional<std::string> refuse_chunk(const ChunkReference& chunk, std::string_view text) {
  if (static_cast<std::int64_t>(text.size()) != chunk.bytes) return chunk.path + ": its size differs from the manifest";
  if (!sha256_hex(text).starts_with(Path(chunk.path).name())) return chunk.path + ": its digest differs from its name";
  return std::nullopt;
}

void read_chunks(const std::shared_ptr<FileRead>& read) {
  read->pieces.resize(read->entry.chunks.size());
  std::vector<Path> paths;
  paths.reserve(read->entry.chunks.size());
  for (const auto& chunk : read->entry.chunks) paths.emplace_back(chunk.path);
  const auto take = [read](std::size_t index, tl::expected<std::string, Error> text) {
    if (!text) {
      read->done(tl::unexpected(std::move(text).error()));
      return false;
    }
    if (auto why = refuse_chunk(read->entry.chunks[index], *text)) {
      read->fail(std::move(*why));
      return false;
    }
    read->pieces[index] = std::move(*text);
    return true;
  };
  ManyReads::start(read->store, std::move(paths), take, [read] {
    std::string whole;
    for (const auto& piece : read->pieces) whole += piece;
    if (sha256_hex(whole) != read->entry.digest) {
      return read->fail(read->name + ": its chunks do not make the file that the manifest names");
    }
    read->done(std::move(whole));
  });
}

void take_manifest(const std::shared_ptr<FileRead>& read, const Identity& identity, std::string_view text) {
  const auto manifest = decode_manifest(text);
  if (!manifest) return read->fail(manifest.error().message);
  const std::string name = manifest_name(identity.epoch, identity.revision);
  if (!is_manifest_of(identity, *manifest)) {
    return read->fail("revision " + name + ": the manifest is not the one that was asked for");
  }
  const auto file = manifest->files.find(read->name);
  if (file == manifest->files.end()) return read->fail("revision " + name + " has no file " + read->name);
  read->entry = file->second;
  read_chunks(read);
}

// Without the versions that are not in force.
Json brief_json(TemplateDocument document) {
  document.previous.resize(std::min<std::size_t>(document.previous.size(), document.on.empty() ? 0 : 1));
  return Json::parse(encode(document));
}

void add(const Description* own, Json& json) {
  if (own != nullptr) json["coordination"] = {{"machines", own->machines}, {"waits_for", own->waits_for}};
}

}  // namespace

void read_cluster(Store& store, const Path& root, std::function<void(tl::expected<ClusterSnapshot, Error>)> done) {
  const auto read = std::make_shared<ClusterRead>(ClusterRead{store, Paths(root), std::move(done), {}});
  read_text(store, root, [read](auto text) {
    if (!text) return read->fail(std::move(text).error());
    auto document = decode_root(*text);
    if (!document) return read->fail(std::move(document).error());
    read->snapshot.root = std::move(*document);
    read_state(read);
  });
}

void read_file(Store& store, const Path& root, const Identity& identity, std::string name,
               std::function<void(tl::expected<std::string, Error>)> done) {
  const auto read = std::make_shared<FileRead>(FileRead{store, std::move(name), std::move(done), {}, {}});
  const Path manifest = Paths(root).revisions.child(manifest_name(identity.epoch, identity.revision));
  read_text(store, manifest, [read, identity](auto text) {
    if (!text) return read->done(tl::unexpected(std::move(text).error()));
    take_manifest(read, identity, *text);
  });
}

std::optional<PolicyValues> pool_policy(const ClusterSnapshot& snapshot) {
  std::set<std::string> members;
  for (const Member& member : snapshot.members) members.insert(member.id);
  std::map<std::string, PolicyValues> announced;
  for (const AgentDocument& agent : snapshot.agents) announced.emplace(agent.id, agent.policy);
  return pool_policy(members, announced, snapshot.committed_policy);
}

std::vector<Member> missing_members(const ClusterSnapshot& snapshot) {
  std::vector<Member> missing;
  std::copy_if(snapshot.members.begin(), snapshot.members.end(), std::back_inserter(missing),
               [&snapshot](const Member& member) {
                 return std::none_of(snapshot.agents.begin(), snapshot.agents.end(),
                                     [&member](const AgentDocument& agent) { return agent.id == member.id; }) &&
                        std::none_of(snapshot.unreadable.begin(), snapshot.unreadable.end(),
                                     [&member](const std::string& text) { return text.starts_with(member.id + ": "); });
               });
  return missing;
}

std::string encode(const ClusterSnapshot& snapshot, const Description* own) {
  Json agents = Json::array();
  for (const auto& agent : snapshot.agents) agents.push_back(to_json(agent));
  Json json;
  json["state"] = to_json(snapshot.state);
  json["agents"] = std::move(agents);
  json["unreadable"] = snapshot.unreadable;
  Json members = Json::array();
  for (const Member& member : snapshot.members) {
    members.push_back(Json{{"id", member.id}, {"host", member.document.host}, {"since", member.document.since}});
  }
  json["members"] = std::move(members);
  json["quarantined"] = to_json(snapshot.quarantined);
  json["files"] = snapshot.committed_files;
  json["pushed_template"] = snapshot.pushed_template ? brief_json(*snapshot.pushed_template) : Json();
  json["tree"] = Json();
  for (const auto& agent : snapshot.agents) {
    if (agent.tree) json["tree"] = to_json(*agent.tree);
  }
  const auto policy = pool_policy(snapshot);
  json["policy"] = policy ? Json{{"digest", policy_digest(*policy)}, {"values", *policy}} : Json();
  add(own, json);
  return print(json);
}

std::string encode(const Error& error, const Description* own) {
  Json json{{"error", "the cluster cannot be read now: " + error.message}};
  add(own, json);
  return print(json);
}

}  // namespace chorale::coordination
