#include "agent/core/applying/target_file.h"

namespace chorale::agent {
namespace {

void log(ApplierEffects& effects, LogLine::Level level, std::string text) {
  effects.emplace_back(LogLine{level, std::move(text)});
}

void log_kept(ApplierEffects& effects, const std::vector<std::string>& kept) {
  for (const std::string& file : kept) {
    log(effects, LogLine::Level::kWarning, "kept the file that was found as " + file);
  }
}

}  // namespace

std::optional<MasterProcess> TargetFile::on(const FilesFound& event) {
  const bool recorded = event.installed || event.proven;
  const bool known = !recorded || event.file == event.installed || event.file == event.proven;
  content_ = known ? event.file : (event.installed ? event.installed : event.proven);
  if (!own()) content_ = event.file;  // a foreign file may become what its owner wants
  if (event.installed) installed_at_ms_ = event.installed_at_ms;
  if (content_ && (!recorded || content_ == event.proven)) trust();
  if (!event.proven) return std::nullopt;
  proven_ = Proven{*event.proven, own() && content_ == event.proven ? event.proven_by : std::nullopt};
  return proven_->by;
}

void TargetFile::look(const Inspected& event, TimePoint now, ApplierEffects& effects) {
  if (!event.file) {
    trouble_ = event.file.error().message;
    return;
  }
  if (!own()) {
    content_ = *event.file;
    trouble_.clear();
    return;
  }
  if (*event.file == content_) {
    drift_.reset();
    trouble_.clear();
    return;
  }
  if (drift_ && drift_->found == *event.file) return;
  drift_ = Drift{*event.file, now};
  trouble_ = *event.file ? "the configuration file was changed outside Chorale" : "the configuration file is gone";
  log(effects, LogLine::Level::kWarning, trouble_);
}

InstallStage TargetFile::install(const PublishedConfig& config, const std::string& body) {
  const FileContent next{config.identity, body};
  const bool keep = content_ && standing_ == Standing::kTrusted && !has_proven_copy();
  config_.reset();
  job_ = Installing{next, config};
  return {next, content_, keep, config};
}

void TargetFile::on(const StageInstalled& event, ApplierEffects& effects) {
  log_kept(effects, event.kept);
  const Installing installing = std::get<Installing>(std::exchange(job_, Idle()));
  if (event.failure) return;
  if (event.kept_as_proven && content_) proven_ = Proven{*content_, std::nullopt};
  content_ = installing.content;
  config_ = installing.config;
  installed_at_ms_ = event.installed_at_ms;
  standing_ = Standing::kOnTrial;
  drift_.reset();
  trouble_.clear();
}

RestoreProven TargetFile::restore() {
  job_ = Restoring();
  return {content_};
}

std::optional<PublishedConfig> TargetFile::on(const ProvenRestored& event, TimePoint retry_at,
                                              ApplierEffects& effects) {
  log_kept(effects, event.kept);
  job_ = Idle();
  if (!event.content) {
    if (drift_) drift_->repair_at = retry_at;
    if (rejected()) standing_ = Standing::kOnTrial;
    log(effects, LogLine::Level::kError,
        "cannot put the last proven configuration back: " + event.content.error().message);
    return std::nullopt;
  }
  log(effects, LogLine::Level::kWarning, "the last proven configuration is in place again");
  const bool other = content_ != *event.content;
  content_ = *event.content;
  installed_at_ms_ = event.installed_at_ms;
  trust();
  drift_.reset();
  trouble_.clear();
  return other ? forget_config() : std::nullopt;
}

std::optional<KeepProven> TargetFile::keep(const MasterProcess& master, TimePoint now) {
  const Proven current{*content_, master};
  if (proven_ == current || now < keep_at_) return std::nullopt;
  job_ = Keeping{current};
  return KeepProven{current.content, master};
}

void TargetFile::on(const ProvenKept& event, TimePoint retry_at, ApplierEffects& effects) {
  const Keeping keeping = std::get<Keeping>(std::exchange(job_, Idle()));
  if (!event.failure) {
    proven_ = keeping.proven;
    return;
  }
  if (proven_) proven_->by.reset();
  keep_at_ = retry_at;
  log(effects, LogLine::Level::kWarning, "cannot keep a copy of the proven configuration: " + event.failure->message);
}

void TargetFile::reject() {
  if (standing_ == Standing::kOnTrial && proven_ && !has_proven_copy()) standing_ = Standing::kRejected;
}

std::optional<PublishedConfig> TargetFile::forget_config() {
  if (auto* installing = std::get_if<Installing>(&job_)) installing->config.reset();
  return std::exchange(config_, std::nullopt);
}

}  // namespace chorale::agent
