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
  used_.clear();
  content_ = Content{};
}

void Uploader::rely_on(const Content& committed) {
  std::set<std::string, std::less<>> chunks;
  for_each_chunk(committed, [&chunks](std::string_view digest, std::string_view) { chunks.emplace(digest); });
  context_.send(leadership_, ListChildren{context_.paths.chunks},
                [this, chunks = std::move(chunks)](const Reply<ListChildren>& reply) {
                  if (!reply) return;
                  for (const std::string& name : reply->names) {
                    if (chunks.count(name) > 0) known_.insert(name);
                  }
                });
}

void Uploader::watch_uses() {
  used_.clear();
  note_use();
}

void Uploader::note_use() {
  if (!content_.manifest) return;
  const Identity& identity = content_.manifest->header.identity;
  used_.insert(manifest_name(identity.epoch, identity.revision));
  for_each_chunk(content_, [this](std::string_view digest, std::string_view) { used_.emplace(digest); });
}

void Uploader::start(const Content& content) {
  upload_.end();
  content_ = content;
  note_use();
  manifest_text_ = encode(*content.manifest);
  waiting_.clear();
  in_flight_ = 0;
  outcome_ = State::kDone;
  reason_.clear();
  state_ = State::kUploading;
  retry_at_ = context_.now;
  std::set<std::string_view> queued;
  for_each_chunk(content_, [this, &queued](std::string_view digest, std::string_view text) {
    if (known_.count(digest) > 0 || !queued.insert(digest).second) return;
    waiting_.push_back(Item{context_.paths.chunks.child(digest), text, false});
  });
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
  if (reply) return store(item);
  const ErrorKind kind = reply.error().kind;
  if (kind == ErrorKind::kExists) return item.manifest ? compare_manifest(item) : claim_chunk(item);
  // A missing parent is created again by RootKeeper on its next look; until then this waits.
  if (is_unknown(kind) || kind == ErrorKind::kNoNode) return again(item);
  refuse(item, reply.error());
}

void Uploader::compare_manifest(const Item& item) {
  context_.send(upload_, ReadNode{item.path}, [this, item](const Reply<ReadNode>& reply) {
    if (!reply) return again(item);
    if (reply->data != item.text && outcome_ == State::kDone) {
      outcome_ = State::kCollision;
      reason_ = item.path.text() + " exists with another content";
    }
    end();
  });
}

void Uploader::claim_chunk(const Item& item) {
  context_.send(upload_, CheckNode{item.path}, [this, item](const Reply<CheckNode>& reply) {
    if (!reply || !reply->stat) return again(item);
    write_chunk(item, reply->stat->version);
  });
}

// A forged text is replaced by the same write.
void Uploader::write_chunk(const Item& item, Version expected) {
  context_.send(upload_, WriteNode{item.path, std::string(item.text), expected},
                [this, item](const Reply<WriteNode>& written) {
                  if (written) return store(item);
                  const ErrorKind kind = written.error().kind;
                  const bool changed = kind == ErrorKind::kBadVersion || kind == ErrorKind::kNoNode;
                  return changed || is_unknown(kind) ? again(item) : refuse(item, written.error());
                });
}

void Uploader::again(const Item& item) {
  --in_flight_;
  waiting_.push_back(item);
  retry_at_ = context_.now + kRetryDelay;
}

void Uploader::refuse(const Item& item, const Error& error) {
  outcome_ = State::kFailed;
  reason_ = "cannot store " + item.path.text() + ": " + error.message;
  end();
}

void Uploader::store(const Item& item) {
  if (!item.manifest) known_.emplace(item.path.name());
  end();
}

void Uploader::end() {
  --in_flight_;
  if (!waiting_.empty()) return drive();
  if (in_flight_ == 0) state_ = outcome_;
}

}  // namespace chorale::coordination
