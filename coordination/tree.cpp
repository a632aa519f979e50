#include "coordination/tree.h"

#include <algorithm>
#include <array>
#include <utility>

namespace chorale::coordination {
namespace {

constexpr int kCreationLimit = 64;  // a path is no deeper; ends an endless race with somebody who deletes

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

void Tree::reset() {
  state_ = State::kUnknown;
  dirty_ = true;
  busy_ = false;
  confirming_.reset();
  next_look_ = context_.now;
}

void Tree::look_again(std::chrono::milliseconds delay) {
  busy_ = false;
  dirty_ = true;
  next_look_ = context_.now + delay;
}

void Tree::refuse(const std::string& reason) {
  if (complaint_ != reason) context_.note(Note::Level::kError, reason);
  complaint_ = reason;
  state_ = State::kRefused;
  look_again(kRefusedDelay);
}

void Tree::drive() {
  if (!context_.link.connected || busy_ || context_.now < next_look_) return;
  if (dirty_ || context_.now >= next_look_ + context_.options.reread_interval) {
    busy_ = true;
    dirty_ = false;
    creations_ = 0;
    read_root();
  }
}

void Tree::read_root() {
  context_.send(ReadNode{context_.paths.root, true}, [this](Reply<ReadNode> reply) { on_root(std::move(reply)); });
}

void Tree::on_root(Reply<ReadNode> reply) {
  const Path& root = context_.paths.root;
  if (!reply) {
    if (is_unknown(reply.error().kind)) return look_again(kRetryDelay);
    if (reply.error().kind != ErrorKind::kNoNode) return refuse("root " + root.text() + ": " + reply.error().message);
    state_ = State::kUnknown;
    return create_root(ancestors(root).size() - 1);
  }
  if (reply->data.empty()) {
    const RootDocument document{context_.options.random_id()};
    return context_.send(WriteNode{root, encode(document), reply->stat.version}, [this](Reply<WriteNode> written) {
      if (!written && !is_unknown(written.error().kind) && written.error().kind != ErrorKind::kBadVersion) {
        return refuse("root " + context_.paths.root.text() + ": " + written.error().message);
      }
      look_again(std::chrono::milliseconds{0});
    });
  }
  auto document = decode_root(reply->data);
  if (!document) return refuse("root " + root.text() + " cannot be read: " + document.error().message);
  on_cluster_id(std::move(document->cluster_id));
}

void Tree::on_cluster_id(std::string cluster_id) {
  if (!cluster_id_.empty() && cluster_id != cluster_id_) {
    if (confirming_ != cluster_id) return confirm_other_cluster(cluster_id);
    context_.note(Note::Level::kWarning,
                  "another cluster id at " + context_.paths.root.text() + ": this is another lineage");
  }
  cluster_id_ = std::move(cluster_id);
  confirming_.reset();
  list_directories();
}

// One server may lag behind or have been restored alone: what it says counts only after it has caught up.
void Tree::confirm_other_cluster(const std::string& seen) {
  state_ = State::kUnknown;
  confirming_ = seen;
  context_.send(SyncPath{context_.paths.root}, [this](const Reply<SyncPath>& reply) {
    if (!reply) return look_again(kRetryDelay);
    read_root();
  });
}

void Tree::create_root(std::size_t depth) {
  const std::vector<Path> chain = ancestors(context_.paths.root);
  if (depth >= chain.size()) return look_again(std::chrono::milliseconds{0});
  if (++creations_ > kCreationLimit) return look_again(kRetryDelay);
  const bool is_root = depth + 1 == chain.size();
  std::string data = is_root ? encode(RootDocument{context_.options.random_id()}) : std::string();
  context_.send(CreateNode{chain[depth], std::move(data)},
                [this, depth, path = chain[depth]](const Reply<CreateNode>& reply) {
                  if (reply || reply.error().kind == ErrorKind::kExists) return create_root(depth + 1);
                  if (is_unknown(reply.error().kind)) return look_again(kRetryDelay);
                  if (reply.error().kind == ErrorKind::kNoNode && depth > 0) return create_root(depth - 1);
                  refuse("cannot create " + path.text() + ": " + reply.error().message);
                });
}

void Tree::list_directories() {
  context_.send(ListChildren{context_.paths.root, true},
                [this](Reply<ListChildren> reply) { on_directories(std::move(reply)); });
}

void Tree::on_directories(Reply<ListChildren> reply) {
  if (!reply) {
    if (is_unknown(reply.error().kind) || reply.error().kind == ErrorKind::kNoNode) return look_again(kRetryDelay);
    return refuse("root " + context_.paths.root.text() + ": " + reply.error().message);
  }
  const std::array<const Path*, 4> wanted{&context_.paths.agents, &context_.paths.election, &context_.paths.revisions,
                                          &context_.paths.chunks};
  pending_directories_ = 0;
  for (const Path* path : wanted) {
    if (std::find(reply->names.begin(), reply->names.end(), path->name()) != reply->names.end()) continue;
    ++pending_directories_;
    context_.send(CreateNode{*path, std::string()}, [this, text = path->text()](Reply<CreateNode> created) {
      --pending_directories_;
      if (!created && created.error().kind != ErrorKind::kExists && !is_unknown(created.error().kind)) {
        return refuse("cannot create " + text + ": " + created.error().message);
      }
      const bool unknown = !created && is_unknown(created.error().kind);
      if (pending_directories_ == 0 && busy_) look_again(unknown ? kRetryDelay : std::chrono::milliseconds{0});
    });
  }
  if (pending_directories_ > 0) {
    state_ = State::kUnknown;
    return;
  }
  complaint_.clear();
  state_ = State::kReady;
  busy_ = false;
  next_look_ = context_.now;
}

}  // namespace chorale::coordination
