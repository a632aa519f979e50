#include "coordination/uploader.h"

#include <utility>

namespace chorale::coordination {

void Uploader::reset() {
  upload_.end();
  leadership_.end();
  state_ = State::kIdle;
  waiting_.clear();
  in_flight_ = 0;
  known_.clear();
  content_ = Content{};
}

void Uploader::begin_leadership() {
  reset();
  context_.send(leadership_, ListChildren{context_.paths.chunks}, [this](const Reply<ListChildren>& reply) {
    if (reply) known_.insert(reply->names.begin(), reply->names.end());
  });
}

void Uploader::start(const Content& content) {
  upload_.end();
  content_ = content;
  manifest_text_ = encode(*content.manifest);
  waiting_.clear();
  in_flight_ = 0;
  outcome_ = State::kDone;
  reason_.clear();
  state_ = State::kUploading;
  retry_at_ = context_.now;
  std::set<std::string_view> queued;
  for (const PublishedFile& file : content_.files) {
    std::size_t offset = 0;
    for (const ChunkReference& chunk : content_.manifest->files.at(file.name).chunks) {
      const std::string_view text = std::string_view(*file.text).substr(offset, static_cast<std::size_t>(chunk.bytes));
      offset += text.size();
      const std::string_view digest = std::string_view(chunk.path).substr(chunk.path.find_last_of('/') + 1);
      if (known_.count(digest) > 0 || !queued.insert(digest).second) continue;
      waiting_.push_back(Item{Path(chunk.path), text, false});
    }
  }
  const Identity& identity = content_.manifest->header.identity;
  waiting_.push_back(
      Item{context_.paths.revisions.child(manifest_name(identity.epoch, identity.revision)), manifest_text_, true});
  drive();
}

void Uploader::drive() {
  if (state_ != State::kUploading || !context_.link.connected || context_.now < retry_at_) return;
  while (!waiting_.empty() && in_flight_ < kPipelineLimit) {
    const Item item = waiting_.front();
    waiting_.pop_front();
    send(item);
  }
}

void Uploader::send(const Item& item) {
  ++in_flight_;
  context_.send(upload_, CreateNode{item.path, std::string(item.text)},
                [this, item](const Reply<CreateNode>& reply) { on_created(item, reply); });
}

void Uploader::on_created(const Item& item, const Reply<CreateNode>& reply) {
  if (!reply) {
    const ErrorKind kind = reply.error().kind;
    if (kind == ErrorKind::kExists && item.manifest) return compare_manifest(item);
    // A missing parent is created again by RootKeeper on its next look; until then this waits.
    if (is_unknown(kind) || kind == ErrorKind::kNoNode) return again(item);
    if (kind != ErrorKind::kExists) {
      outcome_ = State::kFailed;
      reason_ = "cannot store " + item.path.text() + ": " + reply.error().message;
    }
  }
  if (!item.manifest && outcome_ != State::kFailed) known_.emplace(item.path.name());
  --in_flight_;
  settle(outcome_);
}

void Uploader::compare_manifest(const Item& item) {
  context_.send(upload_, ReadNode{item.path}, [this, item](const Reply<ReadNode>& reply) {
    if (!reply) return again(item);
    if (reply->data != item.text && outcome_ == State::kDone) {
      outcome_ = State::kCollision;
      reason_ = item.path.text() + " exists with another content";
    }
    --in_flight_;
    settle(outcome_);
  });
}

void Uploader::again(const Item& item) {
  --in_flight_;
  waiting_.push_back(item);
  retry_at_ = context_.now + kRetryDelay;
}

void Uploader::settle(State state) {
  if (!waiting_.empty()) return drive();
  if (in_flight_ == 0) state_ = state;
}

void Uploader::put_again(const Content& content, const std::string& what) {
  const Identity& identity = content.manifest->header.identity;
  if (what == manifest_name(identity.epoch, identity.revision)) {
    return context_.send(leadership_, CreateNode{context_.paths.revisions.child(what), encode(*content.manifest)},
                         [](const Reply<CreateNode>&) {});
  }
  for (const PublishedFile& file : content.files) {
    const auto entry = content.manifest->files.find(file.name);
    if (entry == content.manifest->files.end()) continue;
    std::size_t offset = 0;
    for (const ChunkReference& chunk : entry->second.chunks) {
      const auto bytes = static_cast<std::size_t>(chunk.bytes);
      if (Path(chunk.path).name() == what) {
        return context_.send(leadership_, CreateNode{Path(chunk.path), file.text->substr(offset, bytes)},
                             [](const Reply<CreateNode>&) {});
      }
      offset += bytes;
    }
  }
}

}  // namespace chorale::coordination
