#include "coordination/collector.h"

#include <algorithm>
#include <utility>

#include "coordination/digest.h"

namespace chorale::coordination {
namespace {

// A change on its way to the proxies must not wait behind these.
constexpr std::size_t kRequestsInFlight = 4;
// The first pass deletes nothing, and shows how large the tree is.
constexpr std::chrono::milliseconds kFirstPass{30'000};

bool is_below(const Path& path, const Path& directory) { return path.text().starts_with(directory.text() + "/"); }

}  // namespace

Collector::Collector(Context& context, Uploader& uploader, const Fence& fence)
    : context_(context), scope_("collector"), uploader_(uploader), fence_(fence), survey_(context, kRequestsInFlight) {}

void Collector::reset() {
  scope_.end();
  survey_.reset();
  state_ = State::kResting;
  marked_.clear();
  pass_ = {};
  in_flight_ = 0;
  manifests_in_flight_ = 0;
  size_.reset();
  complaint_.clear();
}

void Collector::begin_leadership() {
  reset();
  due_at_ = context_.now + std::min(kFirstPass, context_.options.collect_interval);
}

void Collector::drive() {
  if (!context_.link.connected) return;
  if (state_ == State::kResting && context_.now >= due_at_) begin_pass();
  if (state_ != State::kSurveying) return;
  if (survey_.state() == TreeSurvey::State::kFailed) give_up({});
  if (survey_.state() != TreeSurvey::State::kDone) return;
  state_ = State::kNaming;
  read_state([this](const StateDocument& state) { name_all(state); });
}

void Collector::begin_pass() {
  state_ = State::kSurveying;
  pass_ = {};
  uploader_.watch_uses();
  survey_.start();
}

// `then` gets it if it is of this leadership's own term.
void Collector::read_state(std::function<void(const StateDocument&)> then) {
  context_.send(scope_, ReadNode{context_.paths.state}, [this, then = std::move(then)](const Reply<ReadNode>& reply) {
    if (!reply) return fail(reply.error());
    const auto state = decode_state(reply->data, context_.options.newest_format);
    if (!state || state->epoch != fence_.epoch() || state->term != fence_.term()) return give_up({});
    then(*state);
  });
}

void Collector::name_all(const StateDocument& state) {
  holds_.clear();
  if (state.held) holds_.push_back(*state.held);
  committed_ = state.committed ? std::optional(state.committed->identity) : std::nullopt;
  read_hold();
}

// Since the takeover another one may have been set.
void Collector::read_hold() {
  context_.send(scope_, ReadNode{context_.paths.hold}, [this](const Reply<ReadNode>& reply) {
    if (!reply && reply.error().kind != ErrorKind::kNoNode) return fail(reply.error());
    if (!reply) return read_template();
    auto hold = decode_hold(reply->data);
    if (!hold) return give_up("the hold cannot be read: " + hold.error().message);
    holds_.push_back(std::move(*hold));
    read_template();
  });
}

void Collector::read_template() {
  context_.send(scope_, ReadNode{context_.paths.pushed_template}, [this](Reply<ReadNode> reply) {
    if (!reply && reply.error().kind != ErrorKind::kNoNode) return fail(reply.error());
    if (reply) pass_.template_text = std::move(reply->data);
    if (!committed_) return read_held();
    read_chain(*committed_, context_.options.keep_revisions);
  });
}

void Collector::read_chain(const Identity& identity, int left) {
  const Path path = context_.paths.revisions.child(manifest_name(identity.epoch, identity.revision));
  context_.send(scope_, ReadNode{path},
                [this, identity, left](const Reply<ReadNode>& reply) { on_chain(identity, left, reply); });
}

// A chain may end early: at the first revision, at one that was collected before, or at one that was lost.
void Collector::on_chain(const Identity& identity, int left, const Reply<ReadNode>& reply) {
  if (!reply && reply.error().kind != ErrorKind::kNoNode) return fail(reply.error());
  const auto manifest =
      reply ? decode_manifest(reply->data, context_.options.newest_format) : tl::unexpected(reply.error());
  const bool right = manifest && is_manifest_of(identity, *manifest);
  const bool newer = !manifest && manifest.error().kind == ErrorKind::kNewerFormat;
  if (newer || (!right && left == context_.options.keep_revisions)) {
    return give_up("revision " + to_text(identity) + " cannot be read" +
                   (manifest ? std::string(": it is not what its name says") : ": " + manifest.error().message));
  }
  if (right) keep(*manifest);
  if (!right || left <= 1 || !manifest->parent) return read_held();
  read_chain(*manifest->parent, left - 1);
}

// A hold may name a revision by its number alone.
void Collector::read_held() {
  const auto is_held = [this](const Path& path) {
    const auto [epoch, revision] = *parse_manifest_name(path.name());
    return std::any_of(holds_.begin(), holds_.end(), [&, epoch = epoch, revision = revision](const HoldDocument& hold) {
      return hold.revision == revision && (hold.epoch.value == 0 || hold.epoch == epoch);
    });
  };
  for (const auto& [path, found] : survey_.found()) {
    if (!is_manifest(path) || pass_.named.count(path.name()) > 0) continue;
    if (is_held(path)) pass_.to_read.push_back(path);
  }
  read_next_held();
}

void Collector::read_next_held() {
  if (pass_.to_read.empty()) return confirm();
  const Path path = std::move(pass_.to_read.front());
  pass_.to_read.pop_front();
  context_.send(scope_, ReadNode{path}, [this, path](const Reply<ReadNode>& reply) {
    if (!reply && reply.error().kind != ErrorKind::kNoNode) return fail(reply.error());
    const auto manifest =
        reply ? decode_manifest(reply->data, context_.options.newest_format) : tl::unexpected(reply.error());
    const bool right = manifest && is_manifest_of(manifest->header.identity, *manifest);
    if (right) keep(*manifest);
    if (reply && !right) {
      return give_up(
          path.text() + ", which is held, cannot be read: " +
          (manifest ? std::string("its files do not have the digest that it names") : manifest.error().message));
    }
    read_next_held();
  });
}

void Collector::keep(const Manifest& manifest) {
  const Identity& identity = manifest.header.identity;
  pass_.named.insert(manifest_name(identity.epoch, identity.revision));
  for (const auto& [name, entry] : manifest.files) {
    for (const ChunkReference& chunk : entry.chunks) pass_.named.emplace(Path(chunk.path).name());
  }
}

void Collector::confirm() {
  read_state([this](const StateDocument&) {
    mark();
    state_ = State::kDeleting;
    delete_next();
    if (pass_.doomed.empty() && in_flight_ == 0) end_pass();
  });
}

bool Collector::is_unnamed(const Path& path) const {
  const std::string_view name = path.name();
  if (pass_.named.count(name) > 0 || uploader_.uses(name)) return false;
  return is_manifest(path) || (is_chunk(path) && pass_.template_text.find(name) == std::string::npos);
}

bool Collector::is_chunk(const Path& path) const {
  return is_below(path, context_.paths.chunks) && is_chunk_name(path.name());
}

bool Collector::is_manifest(const Path& path) const {
  return is_below(path, context_.paths.revisions) && parse_manifest_name(path.name());
}

void Collector::mark() {
  left_ = TreeSize{};
  std::map<Path, Version> unnamed;
  for (const auto& [path, found] : survey_.found()) {
    ++left_.znodes;
    left_.bytes += found.bytes;
    if (is_unnamed(path)) unnamed.emplace(path, found.version);
  }
  for (const auto& [path, version] : unnamed) {
    const auto before = marked_.find(path);
    if (before == marked_.end() || before->second != version) continue;
    is_chunk(path) ? pass_.doomed.push_back(path) : pass_.doomed.push_front(path);
  }
  marked_ = std::move(unnamed);
}

void Collector::delete_next() {
  while (!pass_.doomed.empty() && in_flight_ < kRequestsInFlight) {
    const Path path = pass_.doomed.front();
    if (is_chunk(path) && manifests_in_flight_ > 0) return;  // one of them may spare the chunks
    pass_.doomed.pop_front();
    if (uploader_.uses(path.name())) continue;
    ++in_flight_;
    if (is_manifest(path)) ++manifests_in_flight_;
    is_manifest(path) ? delete_manifest(path) : remove(path);
  }
}

// What a newer version wrote is not this one's to delete; and neither are its chunks, which only it can name.
void Collector::delete_manifest(const Path& path) {
  context_.send(scope_, ReadNode{path}, [this, path](const Reply<ReadNode>& reply) {
    if (!reply) return deleted(path, &reply.error());
    const auto manifest = decode_manifest(reply->data, context_.options.newest_format);
    if (!manifest && manifest.error().kind == ErrorKind::kNewerFormat) {
      spare_chunks(path);
      return answered(path);
    }
    remove(path);
  });
}

void Collector::spare_chunks(const Path& newer) {
  std::erase_if(pass_.doomed, [this](const Path& path) { return is_chunk(path); });
  if (complaint_ == newer.text()) return;
  complaint_ = newer.text();
  context_.log(LogLine::Level::kWarning, "no chunk is collected: " + newer.text() + " is of a newer format");
}

void Collector::remove(const Path& path) {
  uploader_.forget(std::string(path.name()));
  context_.send(scope_, DeleteNode{path, marked_.at(path)},
                [this, path](const Reply<DeleteNode>& reply) { deleted(path, reply ? nullptr : &reply.error()); });
}

void Collector::deleted(const Path& path, const Error* error) {
  if (error != nullptr) {
    if (is_unknown(error->kind)) pass_.doomed.clear();  // the next pass goes on
    return answered(path);
  }
  ++pass_.collected;
  --left_.znodes;
  left_.bytes -= survey_.found().at(path).bytes;
  answered(path);
}

void Collector::answered(const Path& path) {
  --in_flight_;
  if (is_manifest(path)) --manifests_in_flight_;
  delete_next();
  if (pass_.doomed.empty() && in_flight_ == 0) end_pass();
}

void Collector::end_pass() {
  size_ = left_;
  if (pass_.collected > 0) {
    context_.log(LogLine::Level::kInfo, "collected " + std::to_string(pass_.collected) +
                                            " znodes that nothing names; " + std::to_string(left_.znodes) + " with " +
                                            std::to_string(left_.bytes) + " bytes are left");
  }
  state_ = State::kResting;
  survey_.reset();
  due_at_ = context_.now + context_.options.collect_interval;
}

void Collector::fail(const Error& error) { give_up(is_unknown(error.kind) ? std::string() : error.message); }

// Without a reason: the next pass comes soon, and nothing is worth a line.
void Collector::give_up(const std::string& why) {
  if (!why.empty() && complaint_ != why) {
    context_.log(LogLine::Level::kWarning, "nothing is collected: " + why);
    complaint_ = why;
  }
  state_ = State::kResting;
  survey_.reset();
  due_at_ = context_.now + std::min(kFirstPass, context_.options.collect_interval);
}

}  // namespace chorale::coordination
