#include "agent/core/applying/candidate.h"

#include <utility>

namespace chorale::agent {

using coordination::Identity;
using coordination::VoteResult;

bool Candidate::busy() const {
  return std::holds_alternative<Writing>(state_) || std::holds_alternative<Testing>(state_) ||
         std::holds_alternative<TestingCurrent>(state_) || std::holds_alternative<Outdated>(state_);
}

bool Candidate::testing() const {
  return std::holds_alternative<Testing>(state_) || std::holds_alternative<TestingCurrent>(state_);
}

const Candidate::Judged* Candidate::judged(const Identity& identity) const {
  const auto* judged = std::get_if<Judged>(&state_);
  return judged && judged->identity == identity ? judged : nullptr;
}

ApplierEffect Candidate::prepare(const PublishedConfig& config) {
  if (const auto* written = std::get_if<Written>(&state_); written && written->identity == config.identity) {
    state_ = Testing{*written};
    return TestStage{};
  }
  state_ = Writing{config.identity};
  return WriteStage{config};
}

void Candidate::on(const StageWritten& event, bool needs_no_test) {
  const auto* writing = std::get_if<Writing>(&state_);
  if (!writing) return drop();
  const Identity identity = writing->identity;
  if (!event.content) return judge({identity, {}}, VoteResult::kUnable, event.content.error().message);
  const Written stage{identity, event.content->body};
  if (event.unchanged || needs_no_test) return judge(stage, VoteResult::kAck, {}, event.unchanged);
  state_ = stage;
}

std::optional<TestCurrent> Candidate::on(const TestFinished& event, bool has_current) {
  if (const auto* testing = std::get_if<Testing>(&state_)) {
    const Written stage = testing->stage;
    last_test_ = event.took;
    switch (event.result) {
      case TestResult::kAccepted:
        ++accepted_tests_;
        warnings_ = event.warnings;
        judge(stage, VoteResult::kAck, {});
        break;
      case TestResult::kFailed:
        judge(stage, VoteResult::kUnable, event.error);
        break;
      case TestResult::kRefused:
        if (has_current) {
          state_ = TestingCurrent{stage, event.error};
          return TestCurrent{};
        }
        judge(stage, VoteResult::kUnable, event.error + " (no current file to compare with)");
    }
  } else if (const auto* current = std::get_if<TestingCurrent>(&state_)) {
    const auto [stage, refusal] = *current;
    if (event.result == TestResult::kAccepted) {
      judge(stage, VoteResult::kNack, refusal);
    } else {
      judge(stage, VoteResult::kUnable, refusal + " (the current file fails as well: " + event.error + ")");
    }
  } else {
    drop();
  }
  return std::nullopt;
}

void Candidate::judge(const Written& stage, VoteResult verdict, std::string error, bool unchanged) {
  trouble_ = verdict == VoteResult::kAck ? std::string() : error;
  refused_ = verdict == VoteResult::kNack ? std::optional(stage.identity) : std::nullopt;
  state_ = Judged{stage.identity, stage.body, unchanged, verdict, std::move(error)};
}

void Candidate::values_changed() {
  if (busy()) {
    state_ = Outdated();
  } else {
    drop();
  }
}

void Candidate::forget_refusal() {
  const auto* judged = std::get_if<Judged>(&state_);
  if (judged && judged->verdict != VoteResult::kAck) drop();
}

}  // namespace chorale::agent
