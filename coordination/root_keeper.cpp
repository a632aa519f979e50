#include "coordination/root_keeper.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace chorale::coordination {
namespace {

constexpr int kCreationLimit = 64;  // a path is no deeper; ends a race with an operator who deletes

// "/a/b/c" -> "/a", "/a/b", "/a/b/c"
std::vector<Path> ancestors(const Path& path) {
  std::vector<Path> result;
  const std::string& text = path.text();
  for (std::size_t slash = text.find('/', 1); slash != std::string::npos; slash = text.find('/', slash + 1)) {
    result.emplace_back(text.substr(0, slash));
  }
  result.push_back(path);
  return result;
}

}  // namespace

void RootKeeper::reset() {
  mirror_.reset();
  state_ = State::kUnknown;
  confirming_.reset();
}

void RootKeeper::refuse(const std::string& reason) {
  if (complaint_ != reason) context_.log(LogLine::Level::kError, reason);
  complaint_ = reason;
  state_ = State::kRefused;
  mirror_.again(kRefusedDelay);
}

void RootKeeper::drive() {
  if (!mirror_.due()) return;
  creations_ = 0;
  mirror_.look(ReadNode{context_.paths.root, true}, [this](Reply<ReadNode> reply) { on_root(std::move(reply)); });
}

void RootKeeper::on_root(Reply<ReadNode> reply) {
  const Path& root = context_.paths.root;
  if (!reply) {
    if (is_unknown(reply.error().kind)) return mirror_.again(kRetryDelay);
    if (reply.error().kind != ErrorKind::kNoNode) return refuse("root " + root.text() + ": " + reply.error().message);
    state_ = State::kUnknown;
    return create_root(ancestors(root).size() - 1);
  }
  if (reply->data.empty()) return write_root(reply->stat.version);
  auto document = decode_root(reply->data, context_.options.newest_format);
  newer_format_ = !document && document.error().kind == ErrorKind::kNewerFormat;
  if (!document) return refuse("root " + root.text() + " cannot be read: " + document.error().message);
  on_cluster_id(std::move(document->cluster_id));
}

void RootKeeper::write_root(Version version) {
  const RootDocument document{context_.options.random_id()};
  mirror_.send(WriteNode{context_.paths.root, encode(document), version}, [this](const Reply<WriteNode>& written) {
    if (!written && !is_unknown(written.error().kind) && written.error().kind != ErrorKind::kBadVersion) {
      return refuse("root " + context_.paths.root.text() + ": " + written.error().message);
    }
    mirror_.again();
  });
}

void RootKeeper::on_cluster_id(std::string cluster_id) {
  if (!cluster_id_.empty() && cluster_id != cluster_id_) {
    if (confirming_ != cluster_id) return confirm_other_cluster(cluster_id);
    context_.log(LogLine::Level::kWarning,
                 "another cluster id at " + context_.paths.root.text() + ": this is another lineage");
  }
  cluster_id_ = std::move(cluster_id);
  confirming_.reset();
  mirror_.send(ListChildren{context_.paths.root, true},
               [this](Reply<ListChildren> reply) { on_directories(std::move(reply)); });
}

// One server may lag behind or have been restored alone: what it says counts only after it has caught up.
void RootKeeper::confirm_other_cluster(const std::string& seen) {
  state_ = State::kUnknown;
  confirming_ = seen;
  mirror_.send(SyncPath{context_.paths.root}, [this](const Reply<SyncPath>& reply) {
    if (!reply) return mirror_.again(kRetryDelay);
    mirror_.send(ReadNode{context_.paths.root, true}, [this](Reply<ReadNode> read) { on_root(std::move(read)); });
  });
}

void RootKeeper::create_root(std::size_t depth) {
  const std::vector<Path> chain = ancestors(context_.paths.root);
  if (depth >= chain.size()) return mirror_.again();
  if (++creations_ > kCreationLimit) return mirror_.again(kRetryDelay);
  const bool is_root = depth + 1 == chain.size();
  std::string data = is_root ? encode(RootDocument{context_.options.random_id()}) : std::string();
  mirror_.send(CreateNode{chain[depth], std::move(data)},
               [this, depth, path = chain[depth]](const Reply<CreateNode>& reply) {
                 if (reply || reply.error().kind == ErrorKind::kExists) return create_root(depth + 1);
                 if (is_unknown(reply.error().kind)) return mirror_.again(kRetryDelay);
                 if (reply.error().kind == ErrorKind::kNoNode && depth > 0) return create_root(depth - 1);
                 refuse("cannot create " + path.text() + ": " + reply.error().message);
               });
}

void RootKeeper::on_directories(Reply<ListChildren> reply) {
  if (!reply) {
    if (is_unknown(reply.error().kind) || reply.error().kind == ErrorKind::kNoNode) return mirror_.again(kRetryDelay);
    return refuse("root " + context_.paths.root.text() + ": " + reply.error().message);
  }
  pending_directories_ = 0;
  for (const Path* path : {&context_.paths.agents, &context_.paths.election, &context_.paths.members,
                           &context_.paths.revisions, &context_.paths.chunks}) {
    if (std::find(reply->names.begin(), reply->names.end(), path->name()) == reply->names.end()) {
      create_directory(*path);
    }
  }
  if (pending_directories_ > 0) {
    state_ = State::kUnknown;
    return;
  }
  complaint_.reset();
  state_ = State::kReady;
  mirror_.fresh();
}

void RootKeeper::create_directory(const Path& path) {
  ++pending_directories_;
  mirror_.send(CreateNode{path, std::string()}, [this, path](const Reply<CreateNode>& created) {
    --pending_directories_;
    const bool unknown = !created && is_unknown(created.error().kind);
    if (!created && !unknown && created.error().kind != ErrorKind::kExists) {
      return refuse("cannot create " + path.text() + ": " + created.error().message);
    }
    if (pending_directories_ == 0 && mirror_.looking()) {
      mirror_.again(unknown ? kRetryDelay : std::chrono::milliseconds{0});
    }
  });
}

}  // namespace chorale::coordination
