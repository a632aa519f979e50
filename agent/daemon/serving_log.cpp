#include "agent/daemon/serving_log.h"

#include <algorithm>
#include <utility>

namespace chorale::agent {

using coordination::Identity;

void ServingLog::kept(std::int64_t apps, std::int64_t servers) {
  kept_.apps = apps;
  kept_.servers = servers;
}

void ServingLog::wanted(const Identity& identity, std::shared_ptr<const coordination::Manifest> manifest) {
  std::erase_if(wanted_, [&](const Wanted& one) { return one.identity == identity; });
  wanted_.push_back({identity, std::move(manifest)});
  if (wanted_.size() > kMostWanted) wanted_.pop_front();
}

const coordination::Manifest* ServingLog::manifest_of(const Identity& identity) const {
  const auto found =
      std::find_if(wanted_.begin(), wanted_.end(), [&](const Wanted& one) { return one.identity == identity; });
  return found == wanted_.end() ? nullptr : found->manifest.get();
}

void ServingLog::applied(const coordination::RevisionApplied& done, bool compared, std::uint64_t reloads) {
  using Kind = ServedRevision::Kind;
  Line line;
  line.served.identity = done.identity;
  line.served.shadow_file = shadow_file_;
  const coordination::Manifest* manifest = manifest_of(done.identity);
  if (manifest == nullptr && !applied_) before_start_ = done.identity;
  if (manifest == nullptr && before_start_ == done.identity) line.facts = kept_;
  line.facts.epoch = done.identity.epoch.value;
  line.facts.revision = done.identity.revision.value;
  const auto before = std::exchange(applied_, done.identity);
  const bool reloaded = std::exchange(reloads_, reloads) != reloads;
  if (before == done.identity && !reloaded) return;
  if (before == done.identity) {
    line.served.kind = Kind::kOnceMore;
  } else if (manifest == nullptr) {
    line.served.kind = before ? Kind::kNews : Kind::kAsBefore;
  } else {
    line.served.kind = before ? Kind::kNews : Kind::kFirst;
    line.served.cause = manifest->header.cause;
    line.served.after_event = time_since(manifest->event_at, done.at);
  }
  if (manifest != nullptr) {
    line.facts.cause = manifest->header.cause;
    line.facts.apps = manifest->header.apps;
    line.facts.servers = manifest->header.servers;
  }
  waiting_.push_back(std::move(line));
  if (!compared) flush();
}

void ServingLog::difference_known(const Identity& identity, const std::optional<std::string>& difference) {
  while (!waiting_.empty() && !identity.older_than(waiting_.front().served.identity)) {
    Line line = std::move(waiting_.front());
    waiting_.pop_front();
    if (line.served.identity == identity) line.served.difference = difference;
    write(line);
  }
}

void ServingLog::flush() {
  for (const Line& line : std::exchange(waiting_, {})) write(line);
}

void ServingLog::write(const Line& line) const { write_(serving_line(line.served), line.facts); }

}  // namespace chorale::agent
