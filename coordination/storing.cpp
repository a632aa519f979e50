#include "coordination/storing.h"

#include <utility>

namespace chorale::coordination {

void Storing::reset() {
  ++life_;
  ++term_;
  state_ = State::kIdle;
  waiting_.clear();
  in_flight_ = 0;
  known_.clear();
  content_ = Content{};
}

void Storing::begin_term() {
  reset();
  const std::uint64_t term = ++term_;
  context_.send(ListChildren{context_.paths.chunks}, [this, term](Reply<ListChildren> reply) {
    if (term == term_ && reply) known_.insert(reply->names.begin(), reply->names.end());
  });
}

void Storing::start(const Content& content) {
  ++life_;
  content_ = content;
  manifest_text_ = encode(*content.manifest);
  waiting_.clear();
  in_flight_ = 0;
  outcome_ = State::kDone;
  reason_.clear();
  state_ = State::kWriting;
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

void Storing::drive() {
  if (state_ != State::kWriting || !context_.link.connected || context_.now < retry_at_) return;
  while (!waiting_.empty() && in_flight_ < kPipelineLimit) {
    const Item item = waiting_.front();
    waiting_.pop_front();
    send(item);
  }
}

void Storing::send(const Item& item) {
  ++in_flight_;
  context_.send(CreateNode{item.path, std::string(item.text)}, [this, life = life_, item](Reply<CreateNode> reply) {
    if (life == life_) on_created(item, std::move(reply));
  });
}

void Storing::on_created(const Item& item, Reply<CreateNode> reply) {
  if (!reply) {
    const ErrorKind kind = reply.error().kind;
    if (kind == ErrorKind::kExists && item.manifest) return compare_manifest(item);
    // A missing parent is re-created by Tree on its next look; until then this waits.
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

void Storing::compare_manifest(const Item& item) {
  context_.send(ReadNode{item.path}, [this, life = life_, item](Reply<ReadNode> reply) {
    if (life != life_) return;
    if (!reply) return again(item);
    if (reply->data != item.text && outcome_ == State::kDone) {
      outcome_ = State::kCollision;
      reason_ = item.path.text() + " exists with another content";
    }
    --in_flight_;
    settle(outcome_);
  });
}

void Storing::again(const Item& item) {
  --in_flight_;
  waiting_.push_back(item);
  retry_at_ = context_.now + kRetryDelay;
}

void Storing::settle(State state) {
  if (!waiting_.empty()) return drive();
  if (in_flight_ == 0) state_ = state;
}

void Storing::put_again(const Content& content, const std::string& what) {
  const Identity& identity = content.manifest->header.identity;
  if (what == manifest_name(identity.epoch, identity.revision)) {
    context_.send(CreateNode{context_.paths.revisions.child(what), encode(*content.manifest)},
                  [](const Reply<CreateNode>&) {});
    return;
  }
  for (const PublishedFile& file : content.files) {
    const auto entry = content.manifest->files.find(file.name);
    if (entry == content.manifest->files.end()) continue;
    std::size_t offset = 0;
    for (const ChunkReference& chunk : entry->second.chunks) {
      const auto bytes = static_cast<std::size_t>(chunk.bytes);
      if (Path(chunk.path).name() == what) {
        context_.send(CreateNode{Path(chunk.path), file.text->substr(offset, bytes)}, [](const Reply<CreateNode>&) {});
        return;
      }
      offset += bytes;
    }
  }
}

}  // namespace chorale::coordination
