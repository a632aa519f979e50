#include "agent/core/applying/refresh.h"

#include <utility>

namespace chorale::agent {

void Refresh::look(const FileStamps& seen, ApplierEffects& effects) {
  stable_ = looked_ && seen == seen_;
  if (looked_ && !stable_) due_at_ = TimePoint();  // another version is tried at once
  looked_ = true;
  seen_ = seen;
  if (loaded_ && !seen.empty()) {
    if (stable_ && !changed()) trouble_.clear();  // it was put back
    return;
  }
  if (loaded_.value_or(FileStamps()) == seen) return;
  loaded_ = seen;
  effects.emplace_back(KeepLoaded{seen});
}

bool Refresh::due(TimePoint now) const { return tested() || asked() || (changed() && now >= due_at_); }

std::string Refresh::changed_files() const {
  std::string names;
  for (const auto& [path, stamp] : seen_) {
    const auto before = loaded_->find(path);
    if (before == loaded_->end() || before->second != stamp) names += (names.empty() ? "" : ", ") + path;
  }
  return names.empty() ? "reload_on" : names;
}

TestCurrent Refresh::test(ApplierEffects& effects) {
  if (changed() && trouble_.empty()) {
    effects.emplace_back(LogLine{LogLine::Level::kInfo, changed_files() + " changed: Nginx is tested and reloaded"});
  }
  phase_ = Phase::kTesting;
  answering_ += std::exchange(asked_, 0);
  return {};
}

void Refresh::on(const TestFinished& event, TimePoint retry_at, ApplierEffects& effects) {
  if (event.result == TestResult::kAccepted) {
    phase_ = Phase::kTested;
  } else {
    failed(event.error, retry_at, effects);
  }
}

void Refresh::reload_began() {
  phase_ = Phase::kIdle;
  answering_ += std::exchange(asked_, 0);
  loading_ = seen_;
}

void Refresh::on(const ReloadFinished& event, TimePoint retry_at, ApplierEffects& effects) {
  const std::optional<FileStamps> loading = std::exchange(loading_, std::nullopt);
  if (event.result != ReloadFinished::Result::kProven) return failed(event.reason, retry_at, effects);
  trouble_.clear();
  answer(std::nullopt, effects);
  if (loading == loaded_ || seen_.empty()) return;
  loaded_ = loading;
  effects.emplace_back(KeepLoaded{*loading});
}

void Refresh::refuse(const std::string& reason, ApplierEffects& effects) {
  answering_ += std::exchange(asked_, 0);
  answer(Failure{reason}, effects);
}

void Refresh::failed(const std::string& reason, TimePoint retry_at, ApplierEffects& effects) {
  phase_ = Phase::kIdle;
  due_at_ = retry_at;
  answer(Failure{reason}, effects);
  if (!changed()) return;
  const std::string trouble = changed_files() + " changed and is not loaded: " + reason;
  if (trouble != trouble_) effects.emplace_back(LogLine{LogLine::Level::kError, trouble});
  trouble_ = trouble;
}

void Refresh::answer(const std::optional<Failure>& failure, ApplierEffects& effects) {
  const std::size_t count = std::exchange(answering_, 0);
  if (count > 0) effects.emplace_back(AnswerCommands{Command::kReload, count, failure});
}

}  // namespace chorale::agent
