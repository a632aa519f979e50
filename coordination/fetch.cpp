#include "coordination/fetch.h"

#include <algorithm>
#include <utility>

#include "coordination/digest.h"
#include "coordination/require.h"

namespace chorale::coordination {
void Fetch::reset() {
  scope_.end();
  state_ = State::kIdle;
  manifest_.reset();
  arrived_.clear();
  wanted_.clear();
  in_flight_ = 0;
  manifest_asked_ = false;
  missing_.clear();
  newer_format_ = false;
  content_ = Content{};
}

void Fetch::start(const Identity& identity) {
  std::map<std::string, std::string> kept = identity == identity_ ? std::move(arrived_) : decltype(arrived_){};
  reset();
  arrived_ = std::move(kept);
  identity_ = identity;
  state_ = State::kManifest;
  retry_at_ = context_.now;
  if (auto manifest = cache_.manifest(identity)) return accept_manifest(std::move(manifest));
  drive();
}

void Fetch::drive() {
  if (!context_.link.connected || context_.now < retry_at_) return;
  if (state_ == State::kManifest && !manifest_asked_) read_manifest();
  if (state_ != State::kChunks) return;
  while (!wanted_.empty() && in_flight_ < kPipelineLimit) {
    const std::string digest = *wanted_.begin();
    wanted_.erase(wanted_.begin());
    read_chunk(digest);
  }
}

void Fetch::read_manifest() {
  manifest_asked_ = true;
  const Path path = context_.paths.revisions.child(manifest_name(identity_.epoch, identity_.revision));
  context_.send(scope_, ReadNode{path}, [this](const Reply<ReadNode>& reply) { on_manifest(reply); });
}

void Fetch::on_manifest(const Reply<ReadNode>& reply) {
  manifest_asked_ = false;
  const std::string name = manifest_name(identity_.epoch, identity_.revision);
  if (!reply) {
    if (is_unknown(reply.error().kind)) {
      retry_at_ = context_.now + kRetryDelay;
      return;
    }
    lack(name, "manifest " + name + ": " + reply.error().message);
    state_ = State::kMissing;
    return;
  }
  auto manifest = decode_manifest(reply->data, context_.options.newest_format);
  newer_format_ = !manifest && manifest.error().kind == ErrorKind::kNewerFormat;
  if (const auto wrong = manifest ? why_not(*manifest) : std::optional(manifest.error().message)) {
    lack(name, "manifest " + name + ": " + *wrong);
    state_ = State::kMissing;
    return;
  }
  accept_manifest(std::make_shared<const Manifest>(std::move(*manifest)));
}

std::optional<std::string> Fetch::why_not(const Manifest& manifest) const {
  if (manifest.header.identity != identity_) return "it names another revision than the state does";
  if (manifest_digest(manifest.files) != identity_.digest) return "its files do not have the digest that it names";
  return std::nullopt;
}

void Fetch::accept_manifest(std::shared_ptr<const Manifest> manifest) {
  manifest_ = std::move(manifest);
  state_ = State::kChunks;
  for (const auto& [name, entry] : manifest_->files) {
    if (cache_.file(entry.digest)) continue;
    for (const ChunkReference& chunk : entry.chunks) {
      const std::string digest(Path(chunk.path).name());
      if (!cache_.chunk(digest) && arrived_.count(digest) == 0) wanted_.insert(digest);
    }
  }
  if (wanted_.empty()) return finish();
  drive();
}

void Fetch::read_chunk(const std::string& digest) {
  ++in_flight_;
  context_.send(scope_, ReadNode{context_.paths.chunks.child(digest)},
                [this, digest](Reply<ReadNode> reply) { on_chunk(digest, std::move(reply)); });
}

void Fetch::on_chunk(const std::string& digest, Reply<ReadNode> reply) {
  --in_flight_;
  if (!reply && is_unknown(reply.error().kind)) {
    wanted_.insert(digest);
    retry_at_ = context_.now + kRetryDelay;
    return;
  }
  if (!reply) {
    lack(digest, "chunk " + digest + ": " + reply.error().message);
  } else if (chunk_name(reply->data) != digest) {
    lack(digest, "chunk " + digest + ": its text has another digest");
  } else {
    arrived_.emplace(digest, std::move(reply->data));
  }
  if (!wanted_.empty()) return drive();
  if (in_flight_ > 0) return;
  if (missing_.empty()) return finish();
  state_ = State::kMissing;
}

// nullptr: the chunks do not add up to the file.
std::shared_ptr<const std::string> Fetch::join(const FileEntry& entry) const {
  auto text = std::make_shared<std::string>();
  for (const ChunkReference& chunk : entry.chunks) {
    const std::string digest(Path(chunk.path).name());
    const auto kept = cache_.chunk(digest);
    const auto arrived = arrived_.find(digest);
    if (!kept && arrived == arrived_.end()) return nullptr;
    const std::string_view part = kept ? *kept : std::string_view(arrived->second);
    if (part.size() != static_cast<std::size_t>(chunk.bytes)) return nullptr;
    text->append(part);
  }
  if (sha256_hex(*text) != entry.digest) return nullptr;
  return text;
}

void Fetch::finish() {
  Content content{manifest_, {}};
  for (const auto& [name, entry] : manifest_->files) {
    auto text = cache_.file(entry.digest);
    if (!text) text = join(entry);
    if (!text) {
      lack(manifest_name(identity_.epoch, identity_.revision),
           "the chunks of " + name + " do not add up to its digest");
      manifest_.reset();
      state_ = State::kMissing;
      return;
    }
    content.files.push_back(PublishedFile{name, std::move(text), {}});
  }
  cache_.put(content);
  content_ = std::move(content);
  arrived_.clear();
  state_ = State::kDone;
}

const Content& Fetch::content() const {
  require(state_ == State::kDone, "what is handed out is complete");
  return content_;
}

const std::vector<std::string>& Fetch::missing() const {
  require(state_ == State::kMissing, "the fetch has ended");
  return missing_;
}

const std::string& Fetch::reason() const {
  require(state_ == State::kMissing, "the fetch has ended");
  return reason_;
}

const std::shared_ptr<const Manifest>& Fetch::manifest() const {
  require(state_ == State::kMissing, "the fetch has ended");
  return manifest_;
}

bool Fetch::newer_format() const {
  require(state_ == State::kMissing, "the fetch has ended");
  return newer_format_;
}

void Fetch::lack(const std::string& what, const std::string& why) {
  if (missing_.empty()) reason_ = why;
  missing_.push_back(what);
}

}  // namespace chorale::coordination
