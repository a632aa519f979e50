#include "agent/core/applying/applier.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace chorale::agent {

using coordination::Identity;
using coordination::VoteResult;

namespace {

// Longer than any test or reload that is only slow, and soon enough for whoever looks at a proxy that is behind.
constexpr Milliseconds kHungAfter{15'000};
constexpr const char* kHeld = ": nothing is applied over it until `chorale repair`";

}  // namespace

ApplierEffects Applier::step(TimePoint now, const ApplierEvent& event) {
  now_ = now;
  effects_.clear();
  if (std::holds_alternative<TestFinished>(event)) testing_since_.reset();
  std::visit([this](const auto& typed) { on(typed); }, event);
  advance();
  if (!candidate_.testing() && !refresh_.testing()) testing_since_.reset();
  if (!testing_since_ && (candidate_.testing() || refresh_.testing())) testing_since_ = now_;
  const bool down = to_apply_ && !served_.master();
  if (apply_error_.empty() && !down) failing_since_.reset();
  if (down && !failing_since_) failing_since_ = now_;
  return std::exchange(effects_, {});
}

NginxStatus Applier::status() const {
  NginxStatus status;
  served_.fill(status);
  const auto reloading = served_.reloading_since();
  status.reloading = reloading && now_ >= *reloading + kSlowReload;
  // What Nginx refused of a proposal that is withdrawn is no trouble of this proxy.
  const bool withdrawn = proposal_ended_ && candidate_.refused() && candidate_.refused() != proposal_ended_->committed;
  const bool concerns = !candidate_.trouble().empty() && !withdrawn;
  std::string trouble = refresh_.trouble();
  if (!target_.trouble().empty()) trouble = target_.trouble() + (held() ? kHeld : "");
  if (concerns) trouble = candidate_.trouble();
  if (!apply_error_.empty()) trouble = apply_error_;
  if (const char* hung = hung_command()) {
    trouble = std::string(hung) + " does not end" + (trouble.empty() ? "" : "; before: ") + trouble;
  }
  status.config_healthy = trouble.empty();
  status.config_message = trouble.empty() ? "OK" : trouble;
  status.drifted = target_.drifted();
  status.applied = applied_;
  status.failing_since = failing_since_;
  status.accepted_tests = candidate_.accepted_tests();
  status.warnings = candidate_.warnings();
  return status;
}

const char* Applier::hung_command() const {
  if (testing_since_ && now_ >= *testing_since_ + kHungAfter) return "nginx -t";
  const auto due = served_.reload_due();
  return due && now_ >= *due + kHungAfter ? "nginx -s reload" : nullptr;
}

void Applier::on(const FilesFound& event) {
  served_.found(target_, target_.on(event));
  refresh_.found(event.loaded);
  if (event.published && target_.own() && target_.content()->identity == event.published->identity) {
    found_ = event.published;
  }
}

void Applier::on(const StageRequested& event) {
  // Whoever asks again gets a new answer: the disk is freed, the port or the name is there again.
  candidate_.forget_refusal();
  to_stage_ = event.config;
  proposal_ended_.reset();
}

void Applier::on(const ProposalEnded& event) { proposal_ended_ = event; }

void Applier::on(const ApplyRequested& event) {
  const Identity& identity = event.config.identity;
  if (target_.holds(identity) && applied_ == identity && !to_apply_) {
    effects_.emplace_back(AnswerApplied{identity});
    return;
  }
  candidate_.forget_refusal();
  to_apply_ = event.config;
  reload_later_ = false;
  apply_at_ = now_;
}

void Applier::on(const LocalValuesChanged& /*event*/) {
  candidate_.values_changed();
  reload_later_ = false;
  apply_again(target_.forget_config());
  apply_at_ = now_;
}

void Applier::on(const CommandGiven& event) {
  switch (event.command) {
    case Command::kReload:
      return refresh_.ask();
    case Command::kRepair:
      ++repairs_;
      repair_looked_ = false;  // the edit may be younger than the last look
      return look();
  }
}

void Applier::on(const StageWritten& event) {
  // What is served needs no test, and a new identity over the same content must not cost one on every proxy.
  candidate_.on(event, options_.ignore_check || (event.content && served_.served(event.content->body)));
}

void Applier::on(const TestFinished& event) {
  if (refresh_.testing()) {
    const bool refused = event.result == TestResult::kRefused;
    return refresh_.on(event, refused ? retry_at() : illness_over_at(), effects_);
  }
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
  if (!event.content) answer_repairs(event.content.error());
  // A master that refused the new content still serves this one; otherwise it has to be told.
  if (event.content) served_.replaced(target_, now_);
}

void Applier::on(const ProvenKept& event) { target_.on(event, illness_over_at(), effects_); }

void Applier::on(const ReloadFinished& event) {
  refresh_.on(event, retry_at(), effects_);
  if (served_.on(event, target_, now_, retry_at())) return;
  if (!to_apply_ && served_.serves(target_)) return;  // it was told again, refused, and serves what it should
  target_.reject();
  fail(event.reason, options_.retry_interval);
}

void Applier::on(const Inspected& event) {
  const bool outdated = std::exchange(inspection_, Inspection::kNone) == Inspection::kOutdated;
  served_.on(event, target_, now_, effects_);
  if (!outdated && !files_busy() && !served_.reloading()) {
    target_.look(event, now_, effects_);
    repair_looked_ = true;
  } else if (repairs_ > 0 && !files_busy() && !served_.reloading()) {
    look();  // else the next tick does
  }
  if (std::exchange(stopped_, event.stopped) && !event.stopped) {  // what failed because of that can work now
    apply_at_ = std::min(apply_at_, now_);
    served_.retry_at_once(now_);
  }
  served_.look_at_start(target_);
  refresh_.look(event.watched, effects_);
  compare_found();
}

// The values may have been edited while no agent ran: the coordinator hands nothing over that is applied already.
void Applier::compare_found() {
  if (!found_ || target_.drifted()) return;
  if (target_.content() && target_.content()->identity == found_->identity) apply_again(std::move(found_));
  found_.reset();
}

void Applier::on(const ApplierTicked& /*event*/) {
  if (inspection_ == Inspection::kNone) look();
}

// What a look that is under way sees may be older than what it is wanted for.
void Applier::look() {
  if (inspection_ != Inspection::kNone) return outdate_inspection();
  inspection_ = Inspection::kUnderWay;
  effects_.emplace_back(Inspect{});
}

void Applier::apply_again(std::optional<PublishedConfig> config) {
  if (config && !to_apply_) to_apply_ = std::move(config);
}

void Applier::fail(const std::string& reason, Milliseconds retry_after) {
  // Each try may name another process or line: the same trouble all the same.
  if (coordination::without_numbers(apply_error_) != coordination::without_numbers(reason)) {
    effects_.emplace_back(LogLine{LogLine::Level::kError, "not applied: " + reason});
  }
  apply_error_ = reason;
  apply_at_ = now_ + retry_after;
  answer_repairs(Failure{reason});
  if (!failing_since_) failing_since_ = now_;
}

void Applier::advance() {
  conclude();
  if (target_.rejected() && !files_busy()) restore();
  keep_proven();
  repair_drift();
  advance_apply();
  if (!files_busy() && !served_.reloading() && !target_.drifted() && served_.to_be_reloaded(now_)) reload();
  advance_refresh();
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
  if (!target_.drifted()) edit_given_up_ = false;
  const bool asked = repairs_ > 0 && repair_looked_;
  if (asked && !target_.drifted()) return answer_repairs(why_nothing_to_repair());
  if (!options_.repair_drift && !asked) return;
  if (!target_.to_be_repaired(now_) || files_busy() || served_.reloading()) return;
  // Whether Nginx was made to load the edited file is unknown: it is told again once the file is repaired.
  served_.forget();
  if (target_.has_proven_copy()) return restore();
  edit_given_up_ = true;
  if (auto config = target_.forget_config(); config && !to_apply_) {
    to_apply_ = std::move(config);  // its file is written again
    apply_at_ = now_;
  }
  if (!to_apply_) answer_repairs(Failure{"no copy of the file is kept; what is committed next is applied over it"});
}

// nullopt: the file is Chorale's own, as it should be.
std::optional<Failure> Applier::why_nothing_to_repair() const {
  if (!target_.trouble().empty()) return Failure{target_.trouble()};
  if (!target_.own()) return Failure{"nothing was applied here yet: the file is not Chorale's"};
  return std::nullopt;
}

void Applier::answer_repairs(const std::optional<Failure>& failure) {
  const std::size_t count = std::exchange(repairs_, 0);
  if (count > 0) effects_.emplace_back(AnswerCommands{Command::kRepair, count, failure});
}

void Applier::hold_back() {
  const std::string reason = target_.trouble() + kHeld;
  if (apply_error_ != reason) effects_.emplace_back(LogLine{LogLine::Level::kError, "not applied: " + reason});
  apply_error_ = reason;
  if (!failing_since_) failing_since_ = now_;
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
  if (held()) return hold_back();
  const PublishedConfig config = *to_apply_;
  if (!target_.holds(config.identity)) {
    const Candidate::Judged* judged = candidate_.judged(config.identity);
    // It is known to need a reload: until that may come, the stage file is left to proposals.
    if (!judged && reload_later_ && now_ < served_.next_reload_at()) return;
    if (!judged) return effects_.push_back(candidate_.prepare(config));
    if (judged->verdict != VoteResult::kAck) {
      const std::string error = judged->error;
      const bool refused = judged->verdict == VoteResult::kNack;
      candidate_.drop();  // the next try asks Nginx again
      return fail(error, refused ? options_.retry_interval : options_.illness_interval);
    }
    if (!judged->unchanged) {
      reload_later_ = !served_.served(judged->body) && now_ < served_.next_reload_at();
      if (reload_later_) return;
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
  refresh_.reload_began();
  effects_.emplace_back(served_.reload(now_, std::max(options_.proof_floor, 3 * candidate_.last_test())));
}

// After everything that changes the file: its reload would read the other files anew as well.
void Applier::advance_refresh() {
  if (files_busy() || served_.reloading() || !refresh_.due(now_)) return;
  if (!refresh_.asked() && !refresh_.tested() && now_ < served_.next_reload_at()) return;
  if (!served_.master()) return refresh_.refuse("Nginx is not running", effects_);
  if (!target_.content()) return refresh_.refuse("there is no configuration file", effects_);
  if (held()) return refresh_.refuse(target_.trouble(), effects_);
  if (target_.drifted() || target_.rejected()) return;  // another file comes first
  if (options_.ignore_check || refresh_.tested()) return reload();
  effects_.emplace_back(refresh_.test(effects_));
}

void Applier::advance_stage() {
  if (!to_stage_ || files_busy()) return;
  const Candidate::Judged* judged = candidate_.judged(to_stage_->identity);
  if (!judged) return effects_.push_back(candidate_.prepare(*to_stage_));
  effects_.emplace_back(AnswerStage{{to_stage_->identity, judged->verdict, judged->error}});
  to_stage_.reset();
}

}  // namespace chorale::agent
