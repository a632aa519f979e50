#include "agent/core/applying/applier.h"

#include <utility>

namespace chorale::agent {

using coordination::Identity;
using coordination::VoteResult;

namespace {

std::string name_of(const Identity& identity) {
  return std::to_string(identity.epoch.value) + "." + std::to_string(identity.revision.value);
}

// May `wish` follow `current`? The same number with another digest is never the same state.
bool may_follow(const std::optional<Identity>& current, const Identity& wish) {
  return !current || current->older_than(wish) || *current == wish;
}

}  // namespace

ApplierEffects Applier::step(TimePoint now, const ApplierEvent& event) {
  now_ = now;
  effects_.clear();
  std::visit([this](const auto& typed) { on(typed); }, event);
  advance();
  refresh_status();
  return std::exchange(effects_, {});
}

void Applier::on(const FilesFound& event) {
  const bool recorded = event.installed || event.proven;
  const bool known = !recorded || event.file == event.installed || event.file == event.proven;
  proven_copy_ = event.proven;
  installed_at_ms_ = event.installed ? event.installed_at_ms : kInstalledUnknown;
  installed_ = known ? event.file : (event.installed ? event.installed : event.proven);
  if (!own_file()) installed_ = event.file;  // a foreign file may become whatever its owner wants
  installed_trusted_ = installed_ && (!recorded || installed_ == proven_copy_);
  if (own_file() && installed_ == event.proven && event.proven_by) {
    served_ = Served{installed_->body, *event.proven_by};
    recorded_.emplace(*installed_, *event.proven_by);
  }
  verify_wanted_ = own_file() && !served_;
}

void Applier::on(const StageWished& event) { stage_wish_ = event.wish; }

void Applier::on(const ApplyWished& event) {
  const Identity& identity = event.wish.identity;
  const std::optional<Identity> wanted = apply_wish_ ? std::optional(apply_wish_->identity) : std::nullopt;
  const std::optional<Identity> installed = installed_ ? installed_->identity : std::nullopt;
  if (!may_follow(wanted, identity) || !may_follow(applied_, identity) || !may_follow(installed, identity)) {
    log(LogLine::Level::kError,
        "refused to apply " + name_of(identity) + ": it does not follow what this proxy has; nothing was changed");
    return;
  }
  if (held_ && held_->identity == identity && applied_ == identity && !apply_wish_) {
    effects_.emplace_back(AnswerApplied{identity});
    return;
  }
  // A refusal is Nginx's last word on this content; an illness of this proxy may be over.
  if (job_ == Job::kNone && candidate_ && candidate_->verdict == VoteResult::kUnable) candidate_.reset();
  apply_wish_ = event.wish;
  apply_at_ = now_;
}

void Applier::on(const LocalValuesChanged& /*event*/) {
  if (job_ == Job::kNone) candidate_.reset();
  if (candidate_) candidate_->identity = {};  // no wish's any more: prepared again once the running job is done
  if (held_ && !apply_wish_) apply_wish_ = held_;
  held_.reset();
  installing_wish_.reset();
  apply_at_ = now_;
}

void Applier::on(const StageWritten& event) {
  job_ = Job::kNone;
  if (!candidate_) return;
  if (!event.content) return decide(VoteResult::kUnable, event.content.error().message);
  candidate_->written = true;
  candidate_->body = event.content->body;
  candidate_->unchanged = event.unchanged;
  // What is served needs no test, and a new identity over the same content must not cost one on every proxy.
  const bool served = served_ && served_->body == candidate_->body;
  if (event.unchanged || options_.ignore_check || served) decide(VoteResult::kAck, {});
}

void Applier::on(const TestFinished& event) {
  const Job finished = std::exchange(job_, Job::kNone);
  if (finished == Job::kTestStage) {
    status_.last_test = event.took;
    switch (event.result) {
      case TestResult::kAccepted:
        ++status_.accepted_tests;
        return decide(VoteResult::kAck, {});
      case TestResult::kFailed:
        return decide(VoteResult::kUnable, event.error);
      case TestResult::kRefused:
        if (!installed_) {
          return decide(VoteResult::kUnable, event.error + " (no current file to compare with)");
        }
        refusal_ = event.error;
        job_ = Job::kTestCurrent;
        effects_.emplace_back(TestCurrent{});
        return;
    }
  }
  const std::string refusal = std::exchange(refusal_, {});
  if (event.result == TestResult::kAccepted) return decide(VoteResult::kNack, refusal);
  decide(VoteResult::kUnable, refusal + " (the current file fails as well: " + event.error + ")");
}

void Applier::decide(VoteResult verdict, std::string error) {
  if (!candidate_) return;
  candidate_->verdict = verdict;
  candidate_->error = std::move(error);
  test_error_ = verdict == VoteResult::kAck ? std::string() : candidate_->error;
}

void Applier::on(const StageInstalled& event) {
  job_ = Job::kNone;
  note_kept(event.kept);
  candidate_.reset();
  held_ = std::exchange(installing_wish_, std::nullopt);
  if (event.failure) {
    held_.reset();
    return fail(event.failure->message);
  }
  if (event.kept_as_proven) proven_copy_ = installed_;
  installed_ = installing_.content;
  installed_at_ms_ = event.installed_at_ms;
  installed_trusted_ = served_ && served_->body == installed_->body;
  drifted_ = false;
  drift_error_.clear();
}

void Applier::on(const ProvenRestored& event) {
  job_ = Job::kNone;
  note_kept(event.kept);
  if (!event.content) {
    repair_at_ = now_ + options_.retry_interval;
    log(LogLine::Level::kError, "cannot put the last proven configuration back: " + event.content.error().message);
    return;
  }
  drifted_ = false;
  drift_error_.clear();
  if (installed_ != *event.content) {
    if (held_ && !apply_wish_) apply_wish_ = held_;
    held_.reset();
  }
  installed_ = *event.content;
  installed_at_ms_ = event.installed_at_ms;
  installed_trusted_ = true;
  // A master that refused the new content still serves this one; otherwise it has to be told.
  verify_wanted_ = !served_ || served_->body != installed_->body;
  verify_at_ = now_;
  log(LogLine::Level::kWarning, "the last proven configuration is in place again");
}

void Applier::on(const ProvenKept& event) {
  job_ = Job::kNone;
  if (!event.failure) {
    if (recorded_) proven_copy_ = recorded_->first;
    return;
  }
  recorded_.reset();
  keep_at_ = now_ + options_.retry_interval;
  log(LogLine::Level::kWarning, "cannot keep a copy of the proven configuration: " + event.failure->message);
}

void Applier::on(const ReloadFinished& event) {
  using Result = ReloadFinished::Result;
  reloading_ = false;
  if (event.result == Result::kProven && installed_ && event.master) {
    ++status_.reloads;
    master_ = event.master;
    served_ = Served{installed_->body, *event.master};
    nginx_error_.clear();
    verify_wanted_ = false;
    return;
  }
  if (event.result == Result::kNoMaster) {
    master_.reset();
    nginx_error_ = event.reason;
    verify_wanted_ = own_file();
    return;
  }
  ++status_.reload_failures;
  if (event.result == Result::kUnproven) served_.reset();
  verify_wanted_ = !served_ || served_->body != installed_->body;
  verify_at_ = now_ + options_.retry_interval;
  // Only the file that nobody has seen served is taken back; a later start of Nginx must find one that works.
  restore_wanted_ = proven_copy_ && !installed_trusted_ && installed_ != proven_copy_;
  fail(event.reason);
}

void Applier::on(const Inspected& event) {
  inspecting_ = false;
  status_.workers = event.workers;
  status_.old_workers = event.old_workers;
  const std::optional<MasterProcess> before = master_;
  master_ = event.master ? std::optional(*event.master) : std::nullopt;
  nginx_error_ = event.master ? std::string() : event.master.error().message;
  if (before && before != master_) {
    log(LogLine::Level::kWarning, master_ ? "Nginx was restarted" : "Nginx is not running: " + nginx_error_);
  }
  if (served_ && served_->master != master_) {
    served_.reset();
    verify_wanted_ = own_file();
    verify_at_ = now_;
  }
  if (event.generation == generation_ && job_ == Job::kNone && !reloading_) look_for_drift(event);
  const bool read_at_start = master_ && master_->started_ms >= installed_at_ms_ + kStartMarginMs;
  if (!served_ && read_at_start && own_file() && !drifted_ && !reloading_) {
    served_ = Served{installed_->body, *master_};
    verify_wanted_ = false;
  }
}

void Applier::on(const ApplierTicked& /*event*/) {
  if (inspecting_) return;
  inspecting_ = true;
  effects_.emplace_back(Inspect{generation_});
}

void Applier::look_for_drift(const Inspected& event) {
  if (!event.file) {
    drift_error_ = event.file.error().message;
    return;
  }
  if (!own_file()) {
    installed_ = *event.file;
    return;
  }
  if (*event.file == installed_) {
    drifted_ = false;
    drift_error_.clear();
    return;
  }
  if (!drifted_ || drift_ != *event.file) {
    drift_error_ =
        *event.file ? "the configuration file was changed by somebody else" : "the configuration file is gone";
    log(LogLine::Level::kWarning, drift_error_);
    repair_at_ = now_;
  }
  drifted_ = true;
  drift_ = *event.file;
}

void Applier::fail(const std::string& reason) {
  if (apply_error_ != reason) log(LogLine::Level::kError, "not applied: " + reason);
  apply_error_ = reason;
  apply_at_ = now_ + options_.retry_interval;
  if (!status_.failing_since) status_.failing_since = now_;
}

void Applier::note_kept(const std::vector<std::string>& kept) {
  for (const std::string& file : kept) log(LogLine::Level::kWarning, "kept the file that was found as " + file);
}

void Applier::log(LogLine::Level level, std::string text) { effects_.emplace_back(LogLine{level, std::move(text)}); }

bool Applier::serves_installed() const {
  return installed_ && served_ && master_ && served_->body == installed_->body && served_->master == *master_;
}

void Applier::refresh_status() {
  status_.running = master_.has_value();
  status_.nginx_message = nginx_error_.empty() ? "OK" : nginx_error_;
  const std::string& trouble =
      !apply_error_.empty() ? apply_error_ : (!test_error_.empty() ? test_error_ : drift_error_);
  status_.config_healthy = trouble.empty();
  status_.config_message = trouble.empty() ? "OK" : trouble;
  status_.applied = applied_;
  status_.wanted = apply_wish_ ? std::optional(apply_wish_->identity) : std::nullopt;
  const bool down = apply_wish_ && !master_;
  if (apply_error_.empty() && !down) status_.failing_since.reset();
  if (down && !status_.failing_since) status_.failing_since = now_;
}

}  // namespace chorale::agent
