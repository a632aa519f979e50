#include "agent/core/applying/applier.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace chorale::agent {

using coordination::Identity;
using coordination::VoteResult;

ApplierEffects Applier::step(TimePoint now, const ApplierEvent& event) {
  now_ = now;
  effects_.clear();
  std::visit([this](const auto& typed) { on(typed); }, event);
  advance();
  const bool down = to_apply_ && !served_.master();
  if (apply_error_.empty() && !down) failing_since_.reset();
  if (down && !failing_since_) failing_since_ = now_;
  return std::exchange(effects_, {});
}

NginxStatus Applier::status() const {
  NginxStatus status;
  served_.fill(status);
  // What Nginx refused of a proposal that is withdrawn is no trouble of this proxy.
  const bool concerns = !candidate_.trouble().empty() && !(proposal_ended_ && candidate_.refused());
  const std::string& trouble =
      !apply_error_.empty() ? apply_error_ : (concerns ? candidate_.trouble() : target_.trouble());
  status.config_healthy = trouble.empty();
  status.config_message = trouble.empty() ? "OK" : trouble;
  status.applied = applied_;
  status.failing_since = failing_since_;
  status.accepted_tests = candidate_.accepted_tests();
  status.warnings = candidate_.warnings();
  return status;
}

void Applier::on(const FilesFound& event) {
  served_.found(target_, target_.on(event));
  if (event.published && target_.own() && target_.content()->identity == event.published->identity) {
    found_ = event.published;
  }
}

void Applier::on(const StageRequested& event) {
  // Whoever asks again gets a new answer: the disk is freed, the port or the name is there again.
  candidate_.forget_refusal();
  to_stage_ = event.config;
  proposal_ended_ = false;
}

void Applier::on(const ProposalEnded& /*event*/) { proposal_ended_ = true; }

void Applier::on(const ApplyRequested& event) {
  const Identity& identity = event.config.identity;
  if (target_.holds(identity) && applied_ == identity && !to_apply_) {
    effects_.emplace_back(AnswerApplied{identity});
    return;
  }
  candidate_.forget_refusal();
  to_apply_ = event.config;
  apply_at_ = now_;
}

void Applier::on(const LocalValuesChanged& /*event*/) {
  candidate_.values_changed();
  apply_again(target_.forget_config());
  apply_at_ = now_;
}

void Applier::on(const StageWritten& event) {
  // What is served needs no test, and a new identity over the same content must not cost one on every proxy.
  candidate_.on(event, options_.ignore_check || (event.content && served_.served(event.content->body)));
}

void Applier::on(const TestFinished& event) {
  if (const auto next = candidate_.on(event, target_.content().has_value())) effects_.emplace_back(*next);
}

void Applier::on(const StageInstalled& event) {
  candidate_.drop();
  target_.on(event, effects_);
  if (event.failure) return fail(event.failure->message, options_.illness_interval);
  if (served_.served(target_.body())) target_.trust();
}

void Applier::on(const ProvenRestored& event) {
  apply_again(target_.on(event, illness_over_at(), effects_));
  // A master that refused the new content still serves this one; otherwise it has to be told.
  if (event.content) served_.replaced(target_, now_);
}

void Applier::on(const ProvenKept& event) { target_.on(event, illness_over_at(), effects_); }

void Applier::on(const ReloadFinished& event) {
  if (served_.on(event, target_, now_, retry_at())) return;
  target_.reject();
  fail(event.reason, options_.retry_interval);
}

void Applier::on(const Inspected& event) {
  const bool outdated = std::exchange(inspection_, Inspection::kNone) == Inspection::kOutdated;
  served_.on(event, target_, now_, effects_);
  if (!outdated && !files_busy() && !served_.reloading()) target_.look(event, now_, effects_);
  served_.look_at_start(target_);
  compare_found();
}

// The values may have been edited while no agent ran: the coordinator hands nothing over that is applied already.
void Applier::compare_found() {
  if (!found_ || target_.drifted()) return;
  if (target_.content() && target_.content()->identity == found_->identity) apply_again(std::move(found_));
  found_.reset();
}

void Applier::on(const ApplierTicked& /*event*/) {
  if (inspection_ != Inspection::kNone) return;
  inspection_ = Inspection::kUnderWay;
  effects_.emplace_back(Inspect{});
}

void Applier::apply_again(std::optional<PublishedConfig> config) {
  if (config && !to_apply_) to_apply_ = std::move(config);
}

void Applier::fail(const std::string& reason, Milliseconds retry_after) {
  if (apply_error_ != reason) effects_.emplace_back(LogLine{LogLine::Level::kError, "not applied: " + reason});
  apply_error_ = reason;
  apply_at_ = now_ + retry_after;
  if (!failing_since_) failing_since_ = now_;
}

void Applier::advance() {
  conclude();
  if (target_.rejected() && !files_busy()) restore();
  keep_proven();
  repair_drift();
  advance_apply();
  if (!files_busy() && !served_.reloading() && !target_.drifted() && served_.to_be_reloaded(now_)) reload();
  advance_stage();
}

// The one place where something becomes "applied": the master that runs now is known to serve what is installed.
void Applier::conclude() {
  if (!served_.serves(target_) || served_.reloading() || target_.rejected()) return;
  if (!to_apply_) apply_error_.clear();
  if (!target_.own()) return;
  const bool requested = to_apply_ && target_.holds(to_apply_->identity);
  if (applied_ == target_.content()->identity && !requested) return;
  target_.trust();
  served_.settle();
  applied_ = target_.content()->identity;
  effects_.emplace_back(AnswerApplied{*applied_});
  if (!requested) return;
  to_apply_.reset();
  apply_error_.clear();
  candidate_.clear_trouble();
}

void Applier::keep_proven() {
  if (files_busy() || served_.reloading() || !served_.serves(target_)) return;
  if (const auto keep = target_.keep(*served_.master(), now_)) effects_.emplace_back(*keep);
}

void Applier::repair_drift() {
  if (!options_.repair_drift || !target_.to_be_repaired(now_) || files_busy() || served_.reloading()) return;
  // Whether Nginx was made to load the edited file is unknown: it is told again once the file is repaired.
  served_.forget();
  if (target_.has_proven_copy()) return restore();
  if (auto config = target_.forget_config(); config && !to_apply_) {
    to_apply_ = std::move(config);  // its file is written again
    apply_at_ = now_;
  }
}

// The target is about to change: what an inspection under way says of it is old.
void Applier::outdate_inspection() {
  if (inspection_ == Inspection::kUnderWay) inspection_ = Inspection::kOutdated;
}

void Applier::restore() {
  outdate_inspection();
  effects_.emplace_back(target_.restore());
}

void Applier::advance_apply() {
  if (!to_apply_ || files_busy() || served_.reloading() || now_ < apply_at_) return;
  const PublishedConfig config = *to_apply_;
  if (!target_.holds(config.identity)) {
    const Candidate::Judged* judged = candidate_.judged(config.identity);
    if (!judged) return effects_.push_back(candidate_.prepare(config));
    if (judged->verdict != VoteResult::kAck) {
      const std::string error = judged->error;
      const bool refused = judged->verdict == VoteResult::kNack;
      candidate_.drop();  // the next try asks Nginx again
      return fail(error, refused ? options_.retry_interval : options_.illness_interval);
    }
    if (!judged->unchanged) {
      outdate_inspection();
      return effects_.push_back(target_.install(config, judged->body));
    }
    target_.adopt(config);
    candidate_.drop();
    conclude();
    if (!to_apply_) return keep_proven();
  }
  // Without a master the tested file waits for the next start of Nginx.
  if (served_.master() && !served_.serves(target_)) reload();
}

void Applier::reload() {
  effects_.emplace_back(served_.reload(now_, std::max(options_.proof_floor, 3 * candidate_.last_test())));
}

void Applier::advance_stage() {
  if (!to_stage_ || files_busy()) return;
  const Candidate::Judged* judged = candidate_.judged(to_stage_->identity);
  if (!judged) return effects_.push_back(candidate_.prepare(*to_stage_));
  effects_.emplace_back(AnswerStage{{to_stage_->identity, judged->verdict, judged->error}});
  to_stage_.reset();
}

}  // namespace chorale::agent
