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
  const auto put = [this](const Path& path, std::string text) {
    context_.send(leadership_, CreateNode{path, std::move(text)}, [](const Reply<CreateNode>&) {});
  };
  if (what == manifest_name(identity.epoch, identity.revision)) {
    return put(context_.paths.revisions.child(what), encode(*content.manifest));
  }
  bool found = false;
  for_each_chunk(content, [&](std::string_view digest, std::string_view text) {
    if (digest != what || std::exchange(found, true)) return;
    put(context_.paths.chunks.child(digest), std::string(text));
  });
}

}  // namespace chorale::coordination
