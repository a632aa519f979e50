#include "coordination/repairs.h"

#include <utility>

#include "coordination/digest.h"

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kRepairPause{1'000};
constexpr std::size_t kRepairsInFlight = 16;
// Of what was reported lately: more than any revision consists of.
constexpr std::size_t kReportLimit = 4'096;

}  // namespace

void Repairs::reset() {
  scope_.end();
  manifest_.reset();
  watched_ = Path();
  not_before_.clear();
  waiting_.clear();
  in_flight_ = 0;
}

void Repairs::report(const std::string& what) {
  if (!is_chunk_name(what) && !parse_manifest_name(what)) return;
  if (not_before_.size() > kReportLimit) not_before_.clear();
  TimePoint& not_before = not_before_[what];
  if (context_.now < not_before) return;
  not_before = context_.now + kRepairPause;
  uploader_.forget(what);
  if (waiting_.size() < kReportLimit) waiting_.push_back(what);
}

// One that is gone is looked for again until it is there: the first try may have come before its directory did. Who
// deletes a manifest by hand rarely stops there, so the chunks are looked for too; not with every commit, which has
// just stored them.
void Repairs::watch_manifest() {
  if (!committed_.manifest) return;
  const Identity& identity = committed_.manifest->header.identity;
  const Path path = path_of(manifest_name(identity.epoch, identity.revision));
  const bool first = path != watched_;
  if (first) manifest_.reset();
  watched_ = path;
  if (!manifest_.due()) return;
  manifest_.look(CheckNode{path, true}, [this, first](const Reply<CheckNode>& reply) {
    if (!reply) return manifest_.again(reply.error());
    if (!reply->stat) {
      report(std::string(watched_.name()));
      return manifest_.again(kRepairPause);
    }
    if (first) return manifest_.fresh();
    manifest_.send(ListChildren{context_.paths.chunks}, [this](const Reply<ListChildren>& listed) {
      if (!listed) return manifest_.again(listed.error());
      report_absent({listed->names.begin(), listed->names.end()});
      manifest_.fresh();
    });
  });
}

void Repairs::report_absent(const std::set<std::string_view>& chunks) {
  if (!committed_.manifest) return;
  for_each_chunk(committed_, [&](std::string_view digest, std::string_view) {
    if (chunks.count(digest) == 0) report(std::string(digest));
  });
}

void Repairs::drive() {
  watch_manifest();
  while (context_.link.connected && !waiting_.empty() && in_flight_ < kRepairsInFlight) {
    const std::string what = std::move(waiting_.front());
    waiting_.pop_front();
    look(what);
  }
}

Path Repairs::path_of(const std::string& what) const {
  return (is_chunk_name(what) ? context_.paths.chunks : context_.paths.revisions).child(what);
}

void Repairs::look(const std::string& what) {
  ++in_flight_;
  context_.send(scope_, ReadNode{path_of(what)}, [this, what](const Reply<ReadNode>& reply) { on_read(what, reply); });
}

void Repairs::on_read(const std::string& what, const Reply<ReadNode>& reply) {
  if (!reply) return reply.error().kind == ErrorKind::kNoNode ? put(what) : end();
  if (is_right(what, reply->data)) return end();
  const Path path = path_of(what);
  context_.log(LogLine::Level::kWarning, path.text() + " does not hold what its name says: deleted");
  context_.send(scope_, DeleteNode{path, reply->stat.version}, [this, what](const Reply<DeleteNode>& deleted) {
    if (deleted || deleted.error().kind == ErrorKind::kNoNode) return put(what);
    end();
  });
}

// What is known is looked up as late as this: meanwhile an offer may have come that needs the same chunk.
void Repairs::put(const std::string& what) {
  auto text = known_text(what);
  if (!text) return end();
  const Path path = path_of(what);
  context_.send(scope_, CreateNode{path, std::move(*text)}, [this, path](const Reply<CreateNode>& created) {
    if (created) context_.log(LogLine::Level::kInfo, path.text() + " was missed, and is there again");
    end();
  });
}

// What has failed is reported again.
void Repairs::end() {
  --in_flight_;
  drive();
}

// A manifest that is not known here, or of a newer format, is nothing to judge.
bool Repairs::is_right(const std::string& what, const std::string& text) const {
  if (is_chunk_name(what)) return chunk_name(text) == what;
  const Manifest* known = known_manifest(what);
  if (known == nullptr) return true;
  const auto there = decode_manifest(text, context_.options.newest_format);
  if (!there) return there.error().kind == ErrorKind::kNewerFormat;
  return there->header.identity == known->header.identity && there->files == known->files;
}

const Manifest* Repairs::known_manifest(const std::string& name) const {
  for (const Content* content : {&committed_, &proposed_}) {
    if (!content->manifest) continue;
    const Identity& identity = content->manifest->header.identity;
    if (manifest_name(identity.epoch, identity.revision) == name) return content->manifest.get();
  }
  return nullptr;
}

std::optional<std::string> Repairs::known_text(const std::string& what) const {
  if (const Manifest* manifest = known_manifest(what)) return encode(*manifest);
  std::optional<std::string> found;
  for (const Content* content : {&committed_, &proposed_}) {
    if (!content->manifest) continue;
    for_each_chunk(*content, [&found, &what](std::string_view digest, std::string_view text) {
      if (!found && digest == what) found = std::string(text);
    });
  }
  return found;
}

}  // namespace chorale::coordination
