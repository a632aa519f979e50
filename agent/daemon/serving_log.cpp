#include "agent/daemon/serving_log.h"

#include <utility>

namespace chorale::agent {

using coordination::Identity;

void ServingLog::kept(std::int64_t apps, std::int64_t servers) {
  kept_.apps = apps;
  kept_.servers = servers;
}

void ServingLog::wanted(const Identity& identity, std::shared_ptr<const coordination::Manifest> manifest) {
  wanted_ = identity;
  manifest_ = std::move(manifest);
}

void ServingLog::applied(const coordination::RevisionApplied& done, bool compared, std::uint64_t reloads) {
  using Kind = ServedRevision::Kind;
  Line line;
  line.served.identity = done.identity;
  line.served.shadow_file = shadow_file_;
  const bool known = manifest_ && wanted_ == done.identity;
  if (!known) line.facts = kept_;
  line.facts.epoch = done.identity.epoch.value;
  line.facts.revision = done.identity.revision.value;
  const auto before = std::exchange(applied_, done.identity);
  const bool reloaded = std::exchange(reloads_, reloads) != reloads;
  if (before == done.identity && !reloaded) return;
  if (before == done.identity) {
    line.served.kind = Kind::kOnceMore;
  } else if (!known) {
    line.served.kind = Kind::kAsBefore;
  } else {
    line.served.kind = before ? Kind::kNews : Kind::kFirst;
    line.served.cause = manifest_->header.cause;
    line.served.after_event = time_since(manifest_->event_at, done.at);
  }
  if (known) {
    line.facts.cause = manifest_->header.cause;
    line.facts.apps = manifest_->header.apps;
    line.facts.servers = manifest_->header.servers;
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
