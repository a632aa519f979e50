#include "invariants.h"

#include "coordination/digest.h"

namespace chorale::coordination::simulation {
namespace {

const Path kState{"/chorale/state"};
const Path kRevisions{"/chorale/revisions"};
const Path kChunks{"/chorale/chunks"};

std::string describe(const std::optional<RevisionHeader>& header) {
  return header ? simulation::describe(header->identity) : "none";
}

}  // namespace

std::string describe(const Identity& identity) { return to_text(identity) + " " + identity.digest.substr(0, 8); }

std::string describe(const StateDocument& state) {
  return "epoch " + std::to_string(state.epoch.value) + " of " + state.leader + ", term " + state.term.substr(0, 8) +
         ", last revision " + std::to_string(state.last_revision.value) + ", committed " + describe(state.committed) +
         ", proposed " + describe(state.proposed);
}

std::string digest_of(const std::vector<PublishedFile>& files) {
  std::map<std::string, FileEntry> entries;
  for (const PublishedFile& file : files) entries[file.name].digest = sha256_hex(*file.text);
  return manifest_digest(entries);
}

// Takes over what stands there now, without judging how it came about.
void Invariants::look() {
  const MemoryNode* node = ensemble_.nodes().find(kState);
  created_zxid_ = node == nullptr ? 0 : node->stat.created_zxid;
  modified_zxid_ = node == nullptr ? 0 : node->stat.modified_zxid;
  state_.reset();
  if (node == nullptr) return;
  auto document = decode_state(node->data);
  if (document) state_ = std::move(*document);
}

void Invariants::before_operator() { before_ = all_content(); }

void Invariants::after_operator() {
  const std::set<Path> left = all_content();
  for (const Path& path : before_) {
    const MemoryNode* node = ensemble_.nodes().find(path);
    const bool forged =
        node != nullptr && path.text().starts_with(kChunks.text()) && chunk_name(node->data) != path.name();
    if (left.count(path) == 0 || forged) meddled_with_.insert(path);
  }
  before_.clear();
  const std::int64_t created = created_zxid_;
  const std::int64_t modified = modified_zxid_;
  const auto before = state_;
  look();
  // A restored tree counts its zxids anew, so that they alone prove nothing.
  if (created != created_zxid_ || modified != modified_zxid_ || before != state_) rulers_.clear();
}

// What is committed or proposed consists of these: the manifest, and the chunks that it names.
std::set<Path> Invariants::content_of(const Identity& identity) const {
  const Path path = kRevisions.child(manifest_name(identity.epoch, identity.revision));
  std::set<Path> content{path};
  const MemoryNode* node = ensemble_.nodes().find(path);
  const auto manifest = node == nullptr ? std::nullopt : std::optional(decode_manifest(node->data));
  if (!manifest || !*manifest) return content;
  for (const auto& [name, entry] : (*manifest)->files) {
    for (const ChunkReference& chunk : entry.chunks) content.emplace(chunk.path);
  }
  return content;
}

std::set<Path> Invariants::all_content() const {
  std::set<Path> content;
  for (const Path& directory : {kRevisions, kChunks}) {
    const MemoryNode* node = ensemble_.nodes().find(directory);
    if (node == nullptr) continue;
    for (const std::string& name : node->children) content.insert(directory.child(name));
  }
  return content;
}

void Invariants::check_deletion(const std::string& writer, const Path& path) {
  if (!state_ || ensemble_.nodes().find(path) != nullptr || meddled_with_.count(path) > 0) return;
  for (const auto& header : {state_->committed, state_->proposed}) {
    if (header && content_of(header->identity).count(path) > 0) {
      broken("I6: " + writer + " has deleted " + path.text() + " of " + describe(header));
    }
  }
  const auto& held = state_->held;
  if (held && held->error.empty() && content_of(identity_of(*held)).count(path) > 0) {
    broken("I8: " + writer + " has deleted " + path.text() + ", which is held");
  }
}

// Under a hold nothing is proposed or committed but what has its files.
void Invariants::check_held(const StateDocument& next, const std::string& writer) {
  if (!next.held) return;
  const auto before = state_ ? state_->committed : std::nullopt;
  const bool other_committed =
      next.committed && next.committed != before && next.committed->identity.digest != next.held->digest;
  const bool other_proposed = next.proposed && next.proposed->identity.digest != next.held->digest;
  if (other_committed || other_proposed) {
    broken("I8: " + writer + " publishes something else than is held: " + describe(next) + ", " + to_text(*next.held) +
           " " + next.held->digest.substr(0, 8));
  }
}

void Invariants::check_content(const std::optional<RevisionHeader>& header, const std::string& writer) {
  if (!header) return;
  for (const Path& path : content_of(header->identity)) {
    if (ensemble_.nodes().find(path) != nullptr || meddled_with_.count(path) > 0) continue;
    broken("I6: " + writer + " names " + describe(header) + ", and " + path.text() + " is not there");
  }
}

std::optional<std::string> Invariants::uncollected(int keep_revisions) const {
  const std::set<Path> content = all_content();
  std::set<Path> named;
  int manifests = 0;
  for (const Path& path : content) {
    if (path.text().starts_with(kChunks.text())) continue;
    ++manifests;
    const auto numbers = parse_manifest_name(path.name());
    if (numbers) named.merge(content_of(Identity{numbers->first, numbers->second, {}}));
  }
  if (manifests > keep_revisions) return std::to_string(manifests) + " revisions are left";
  for (const Path& path : content) {
    if (named.count(path) == 0) return path.text() + " is left, and nothing names it";
  }
  return std::nullopt;
}

bool Invariants::after_operation(const std::string& writer, const Operation& operation) {
  if (const auto* deletion = std::get_if<DeleteNode>(&operation)) check_deletion(writer, deletion->path);
  const MemoryNode* node = ensemble_.nodes().find(kState);
  if (node == nullptr) {
    if (created_zxid_ != 0) broken("I2: " + writer + " has deleted the state");
    return false;
  }
  if (node->stat.modified_zxid == modified_zxid_ && node->stat.created_zxid == created_zxid_) return false;
  const auto next = decode_state(node->data);
  if (!next) {
    broken(writer + " wrote a state that cannot be read: " + next.error().message);
    return false;
  }
  if (node->stat.created_zxid != created_zxid_) {
    rulers_.clear();
    state_.reset();
  }
  ++changes_;
  check_ruler(*next, writer);
  check_order(*next);
  check_committed(*next);
  check_held(*next, writer);
  check_content(next->proposed, writer);
  if (!state_ || next->committed != state_->committed) check_content(next->committed, writer);
  look();
  return true;
}

void Invariants::check_ruler(const StateDocument& next, const std::string& writer) {
  if (writer.substr(0, writer.find('#')) != next.leader) broken("I1: " + writer + " wrote as " + next.leader);
  const auto [ruler, first] = rulers_.try_emplace(next.epoch, Ruler{writer, next.term});
  if (!first && (ruler->second.writer != writer || ruler->second.term != next.term)) {
    broken("I1: two leaders wrote in one epoch: " + ruler->second.writer + " and " + writer + ": " + describe(next));
  }
}

void Invariants::check_order(const StateDocument& next) {
  if (!state_ || state_->cluster_id != next.cluster_id) return;
  const bool back =
      next.epoch < state_->epoch || next.last_revision < state_->last_revision ||
      (state_->committed && next.committed && next.committed->identity.older_than(state_->committed->identity));
  if (back) broken("I2: the state went back from " + describe(*state_) + " to " + describe(next));
}

// The committed revision is the one before, or the one that this very term had proposed; nothing else, ever.
void Invariants::check_committed(const StateDocument& next) {
  const bool known = state_ && state_->cluster_id == next.cluster_id;
  const auto before = known ? state_->committed : std::nullopt;
  const bool same_term = known && state_->epoch == next.epoch && state_->term == next.term;
  if (next.committed != before && !(same_term && next.committed && next.committed == state_->proposed)) {
    broken("I3: committed without a proposal: " + describe(next) + " after " +
           (state_ ? describe(*state_) : std::string("no state")));
  }
  if (known && !same_term && next.proposed) broken("I3: a takeover kept a proposal: " + describe(next));
  if (next.proposed && next.proposed->identity.revision > next.last_revision) {
    broken("I2: a proposal above the last revision: " + describe(next));
  }
  if (!next.committed) return;
  if (next.committed != before) ++commits_;
  committed_.insert(key(next.committed->identity));
}

void Invariants::agent_applies(const std::string& id, std::optional<Identity>& reached, const Identity& identity,
                               const std::vector<PublishedFile>& files) {
  if (!was_committed(identity)) {
    return broken("I3: " + id + " applies what was never committed: " + describe(identity));
  }
  if (digest_of(files) != identity.digest) {
    return broken("I3: " + id + " applies other texts than were committed as " + describe(identity));
  }
  if (reached && !reached->older_than(identity)) {
    broken("I4: " + id + " goes back from " + describe(*reached) + " to " + describe(identity));
  }
  reached = identity;
}

}  // namespace chorale::coordination::simulation
