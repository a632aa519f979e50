// What the Applier does next: one job on the files, one reload, in the order of their weight.
#include <algorithm>
#include <utility>

#include "agent/core/applying/applier.h"

namespace chorale::agent {

using coordination::StageFinished;
using coordination::VoteResult;

void Applier::advance() {
  conclude();
  if (job_ == Job::kNone && std::exchange(restore_wanted_, false)) restore();
  keep_proven();
  repair_drift();
  advance_apply();
  verify_served();
  advance_stage();
}

// The one place where something becomes "applied": the master that runs now is known to serve what is installed.
void Applier::conclude() {
  if (!serves_installed() || reloading_ || restore_wanted_) return;
  if (!apply_wish_) apply_error_.clear();
  if (!own_file()) return;
  const bool wished = apply_wish_ && held_ && apply_wish_->identity == held_->identity;
  if (applied_ == installed_->identity && !wished) return;
  installed_trusted_ = true;
  verify_wanted_ = false;
  applied_ = installed_->identity;
  effects_.emplace_back(AnswerApplied{*applied_});
  if (!wished) return;
  apply_wish_.reset();
  apply_error_.clear();
  test_error_.clear();
}

void Applier::keep_proven() {
  if (job_ != Job::kNone || reloading_ || !serves_installed() || now_ < keep_at_) return;
  const std::pair current(*installed_, *master_);
  if (recorded_ == current) return;
  recorded_ = current;
  job_ = Job::kKeep;
  effects_.emplace_back(KeepProven{current.first, current.second});
}

void Applier::repair_drift() {
  if (!drifted_ || !options_.repair_drift || job_ != Job::kNone || reloading_ || now_ < repair_at_) return;
  // Whether anybody made Nginx load the edited file is unknown: it is told again once the file is repaired.
  served_.reset();
  if (proven_copy_ == installed_) {
    restore();
  } else if (held_ && !apply_wish_) {
    apply_wish_ = std::exchange(held_, std::nullopt);
    apply_at_ = now_;
  } else {
    held_.reset();  // a committed wish writes its file again; without one there is nothing to repair it with
  }
}

void Applier::restore() {
  job_ = Job::kRestore;
  ++generation_;
  effects_.emplace_back(RestoreProven{installed_});
}

void Applier::advance_apply() {
  if (!apply_wish_ || job_ != Job::kNone || reloading_ || now_ < apply_at_) return;
  const ConfigWish wish = *apply_wish_;
  if (!held_ || held_->identity != wish.identity) {
    if (!prepare(wish)) return;
    if (*candidate_->verdict != VoteResult::kAck) {
      const std::string error = candidate_->error;
      candidate_.reset();  // the next try asks Nginx again
      return fail(error);
    }
    if (!candidate_->unchanged) return install(wish);
    held_ = wish;
    candidate_.reset();
    conclude();
    if (!apply_wish_) return keep_proven();
  }
  // Without a master the tested file waits for the next start of Nginx.
  if (master_ && !serves_installed()) reload();
}

void Applier::install(const ConfigWish& wish) {
  job_ = Job::kInstall;
  ++generation_;
  held_.reset();
  installing_wish_ = wish;
  const bool keep = installed_ && installed_trusted_ && proven_copy_ != installed_;
  installing_ = InstallStage{{wish.identity, candidate_->body}, installed_, keep};
  effects_.emplace_back(installing_);
}

void Applier::verify_served() {
  if (!verify_wanted_ || !master_ || drifted_ || job_ != Job::kNone || reloading_ || now_ < verify_at_) return;
  reload();
}

void Applier::reload() {
  reloading_ = true;
  effects_.emplace_back(Reload{std::max(options_.proof_floor, 3 * status_.last_test)});
}

void Applier::advance_stage() {
  if (!stage_wish_ || job_ != Job::kNone) return;
  const ConfigWish wish = *stage_wish_;
  if (!prepare(wish)) return;
  stage_wish_.reset();
  effects_.emplace_back(AnswerStage{StageFinished{wish.identity, *candidate_->verdict, candidate_->error}});
}

bool Applier::prepare(const ConfigWish& wish) {
  if (!candidate_ || candidate_->identity != wish.identity) {
    candidate_ = Candidate{wish.identity, {}, false, false, std::nullopt, {}};
    job_ = Job::kWriteStage;
    effects_.emplace_back(WriteStage{wish});
    return false;
  }
  if (candidate_->verdict) return true;
  job_ = Job::kTestStage;
  effects_.emplace_back(TestStage{});
  return false;
}

}  // namespace chorale::agent
