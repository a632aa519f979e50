#include "agent/core/applying/served_state.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/base/duration_text.h"

namespace chorale::agent {
namespace {

constexpr Milliseconds kLongestProof{60'000};

}  // namespace

bool ServedState::to_be_reloaded(TimePoint now) const {
  const auto* doubtful = std::get_if<Doubtful>(&phase_);
  return doubtful && master_ && now >= doubtful->reload_at;
}

bool ServedState::serves(const TargetFile& target) const {
  return target.content() && served(target.body()) && served_->master == master_;
}

void ServedState::doubt(bool doubtful, TimePoint reload_at) {
  if (doubtful) {
    phase_ = Doubtful{reload_at};
  } else {
    settle();
  }
}

void ServedState::found(const TargetFile& target, const std::optional<MasterProcess>& served_by) {
  if (served_by) served_ = Served{target.body(), *served_by};
  doubt(target.own() && !served_by, TimePoint());
}

void ServedState::on(const Inspected& event, const TargetFile& target, TimePoint now, ApplierEffects& effects) {
  workers_ = event.workers;
  old_workers_ = event.old_workers;
  const std::optional<MasterProcess> before = master_;
  idle_looks_ = event.idle ? idle_looks_ + 1 : 0;
  const bool idle = idle_looks_ > 1;  // once: it is starting
  master_ = event.master && !idle ? std::optional(*event.master) : std::nullopt;
  error_.clear();
  if (idle) {
    error_ = why_not_running("no worker of its master, process " + std::to_string(event.master->pid) + ", serves");
  }
  if (!event.master) error_ = why_not_running(event.master.error().message);
  log_master(before, now, effects);
  log_spacing(effects);
  if (!served_ || served_->master == master_) return;
  forget();
  if (!reloading()) doubt(target.own(), now);
}

// Told once when it ends, and once when it is there again: a reload may find either before the next look does.
void ServedState::log_master(const std::optional<MasterProcess>& before, TimePoint now, ApplierEffects& effects) {
  const bool first = !std::exchange(looked_, true);
  if (!master_) {
    if (gone_since_) return;
    gone_since_ = now;
    effects.emplace_back(LogLine{LogLine::Level::kWarning, error_});
  } else if (gone_since_) {
    const auto gone = std::chrono::duration_cast<Milliseconds>(now - *std::exchange(gone_since_, std::nullopt));
    effects.emplace_back(LogLine{LogLine::Level::kInfo, "Nginx runs again, process " + std::to_string(master_->pid) +
                                                            ", after " + duration_text(gone)});
  } else if (before != master_ && !first) {
    effects.emplace_back(LogLine{LogLine::Level::kWarning, "Nginx was restarted"});
  }
}

void ServedState::look_at_start(const TargetFile& target) {
  if (served_ || reloading() || !master_ || !target.own() || target.drifted()) return;
  if (master_->started_ms < target.installed_at_ms() + kStartMarginMs) return;
  served_ = Served{target.body(), *master_};
  settle();
}

Reload ServedState::reload(TimePoint now, Milliseconds shortest) {
  phase_ = Reloading{now};
  reloaded_at_ = now;
  given_ = std::max({shortest, 3 * last_apply_, needed_});
  return {given_};
}

Milliseconds ServedState::spacing() const {
  constexpr int kFreeGenerations = 4;
  constexpr Milliseconds kFirst{1'000};
  constexpr Milliseconds kLongest{20'000};  // a proxy that is behind for 30 s is down
  const int generations = (old_workers_ + std::max(workers_, 1) - 1) / std::max(workers_, 1);
  Milliseconds spacing{0};
  for (int i = kFreeGenerations; i < generations && spacing < kLongest; ++i) {
    spacing = spacing == Milliseconds(0) ? kFirst : std::min(2 * spacing, kLongest);
  }
  return spacing;
}

void ServedState::log_spacing(ApplierEffects& effects) {
  const Milliseconds now = spacing();
  if (now > logged_spacing_) {
    effects.emplace_back(
        LogLine{LogLine::Level::kWarning, std::to_string(old_workers_) +
                                              " old workers of Nginx wait for their connections to end: "
                                              "reloads are at least " +
                                              std::to_string(now.count() / 1'000) + " s apart"});
  }
  logged_spacing_ = now;
}

std::optional<TimePoint> ServedState::reloading_since() const {
  const auto* reloading = std::get_if<Reloading>(&phase_);
  return reloading ? std::optional(reloading->since) : std::nullopt;
}

std::optional<TimePoint> ServedState::reload_due() const {
  const auto* reloading = std::get_if<Reloading>(&phase_);
  return reloading ? std::optional(reloading->since + given_) : std::nullopt;
}

void ServedState::retry_at_once(TimePoint now) {
  if (auto* doubtful = std::get_if<Doubtful>(&phase_)) doubtful->reload_at = std::min(doubtful->reload_at, now);
}

bool ServedState::on(const ReloadFinished& event, const TargetFile& target, TimePoint now, TimePoint retry_at) {
  const TimePoint since = std::get<Reloading>(phase_).since;
  switch (event.result) {
    case ReloadFinished::Result::kProven:
      ++reloads_;
      last_apply_ = std::chrono::duration_cast<Milliseconds>(now - since);
      master_ = event.master;
      served_ = Served{target.body(), *event.master};
      error_.clear();
      if (event.workers > 0) {  // before the next reload, not only at the next look
        workers_ = event.workers;
        old_workers_ = event.old_workers;
      }
      settle();
      return true;
    case ReloadFinished::Result::kNoMaster:
      master_.reset();
      error_ = why_not_running(event.reason);
      doubt(target.own(), now);
      return true;
    case ReloadFinished::Result::kUnproven:
      // How long it takes is known only once it was given enough.
      if (event.slow) needed_ = std::min(2 * given_, kLongestProof);
      forget();
      break;
    case ReloadFinished::Result::kRefused:
      break;
  }
  ++reload_failures_;
  replaced(target, retry_at);
  return false;
}

void ServedState::replaced(const TargetFile& target, TimePoint reload_at) { doubt(!served(target.body()), reload_at); }

void ServedState::fill(NginxStatus& status) const {
  status.running = master_.has_value();
  status.message = error_.empty() ? "OK" : error_;
  status.workers = workers_;
  status.old_workers = old_workers_;
  status.reload_spacing = spacing();
  status.reloads = reloads_;
  status.reload_failures = reload_failures_;
  status.last_apply = last_apply_;
}

}  // namespace chorale::agent
