#include "coordination/follower.h"

#include <algorithm>
#include <utility>

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kRefusedRetry{30'000};  // Nginx refused a committed state
constexpr std::chrono::milliseconds kUnableRetry{5'000};    // shorter than what a leader is given before it hands over
constexpr std::chrono::milliseconds kMissingRetry{500};
constexpr std::chrono::milliseconds kLongestTest{60'000};  // then its answer is not waited for any more

bool names(const std::optional<RevisionHeader>& header, const Identity& identity) {
  return header && header->identity == identity;
}

}  // namespace

void Follower::start(const Started& started) {
  applied_ = started.applied;
  knows_content_ = started.knows_content;
  order_.start(started.applied);
}

void Follower::reset() {
  fetch_.reset();
  if (state_ == State::kFetching) drop_target();
}

void Follower::change_lineage() {
  drop_target();
  answers_.clear();
  missing_.clear();
  incomplete_.reset();
}

const Follower::Answer* Follower::answer_to(const Identity& identity) const {
  const auto found = std::find_if(answers_.begin(), answers_.end(),
                                  [&identity](const Answer& answer) { return answer.identity == identity; });
  return found == answers_.end() ? nullptr : &*found;
}

void Follower::drive(Pointer& pointer) {
  const StateDocument* document = pointer.state() == Pointer::State::kRead ? pointer.document() : nullptr;
  forget_outdated(document);
  if (document == nullptr) return;
  apply_committed(*document);
  choose_target(*document);
  if (state_ == State::kFetching) continue_fetch(pointer);
}

// What is neither proposed nor committed any more was withdrawn: it must never be applied, even if it was staged.
void Follower::forget_outdated(const StateDocument* document) {
  const auto outdated = [document](const Identity& identity) {
    return document == nullptr || !(names(document->committed, identity) || names(document->proposed, identity));
  };
  std::erase_if(answers_, [&outdated](const Answer& answer) { return outdated(answer.identity); });
  if (incomplete_ && outdated(*incomplete_)) {
    incomplete_.reset();
    missing_.clear();
  }
  if (target_ && document != nullptr && names(document->committed, *target_)) target_committed_ = true;
  const bool kept = state_ == State::kStaging && target_committed_ && context_.now < staged_at_ + kLongestTest;
  if (target_ && !kept && outdated(*target_)) drop_target();
}

void Follower::drop_target() {
  state_ = State::kIdle;
  target_.reset();
  target_committed_ = false;
  parked_until_.reset();
  staging_ = Content{};
  fetch_.reset();
}

void Follower::apply_committed(const StateDocument& document) {
  if (!document.committed || !order_.allows(document.committed->identity)) return;
  const Answer* answer = answer_to(document.committed->identity);
  if (answer != nullptr && answer->result == VoteResult::kAck) hand_over(*answer);
}

void Follower::hand_over(const Answer& answer) {
  order_.raise(answer.identity);
  context_.effects.emplace_back(ApplyRevision{answer.identity, answer.content.manifest, answer.content.files});
}

bool Follower::wants_committed(const StateDocument& document) const {
  if (!document.committed || !order_.allows(document.committed->identity)) return false;
  const Answer* answer = answer_to(document.committed->identity);
  if (answer == nullptr) return true;
  // A second try overwrites the vote in the own znode: not while the leader waits for the one on a proposal.
  if (answer->result == VoteResult::kAck || document.proposed) return false;
  return answer->outdated ||
         context_.now >= answer->at + (answer->result == VoteResult::kNack ? kRefusedRetry : kUnableRetry);
}

bool Follower::wants_proposed(const StateDocument& document) const {
  if (!context_.options.applies || !document.proposed || !order_.allows(document.proposed->identity)) return false;
  const Answer* answer = answer_to(document.proposed->identity);
  return answer == nullptr || answer->outdated;
}

void Follower::choose_target(const StateDocument& document) {
  if (target_ && !parked_until_) return;
  const bool committed = wants_committed(document);
  const bool proposed = wants_proposed(document);
  if (!committed && !proposed) return;
  // A committed state that cannot be fetched must not keep this agent from voting on what would replace it.
  const bool committed_first = committed && !(proposed && incomplete_ == document.committed->identity);
  const Identity& wanted = committed_first ? document.committed->identity : document.proposed->identity;
  if (target_ == wanted) return;
  target_ = wanted;
  target_committed_ = false;
  state_ = State::kFetching;
  parked_until_.reset();
  reads_needed_ = 0;
  fetch_.start(*target_);
}

void Follower::continue_fetch(Pointer& pointer) {
  if (parked_until_ && context_.now < *parked_until_) return;
  if (parked_until_ || fetch_.state() == Fetch::State::kIdle) {
    parked_until_.reset();
    reads_needed_ = 0;
    fetch_.start(*target_);
  }
  fetch_.drive();
  if (fetch_.state() == Fetch::State::kDone) return stage();
  if (fetch_.state() != Fetch::State::kMissing) return;
  if (reads_needed_ == 0) {  // perhaps it was collected because the state has moved on meanwhile
    reads_needed_ = pointer.reads() + 1;
    return pointer.suspect();
  }
  if (pointer.reads() < reads_needed_) return;
  if (missing_ != fetch_.missing()) {
    missing_ = fetch_.missing();
    context_.log(LogLine::Level::kWarning,
                 "cannot fetch revision " + std::to_string(target_->revision.value) + ": " + fetch_.reason());
  }
  incomplete_ = target_;
  parked_until_ = context_.now + kMissingRetry;
}

void Follower::stage() {
  staging_ = fetch_.content();
  fetch_.reset();
  if (incomplete_ == target_) {
    incomplete_.reset();
    missing_.clear();
  }
  state_ = State::kStaging;
  staged_at_ = context_.now;
  context_.effects.emplace_back(StageRevision{*target_, staging_.manifest, staging_.files});
}

void Follower::on_stage_finished(const StageFinished& finished) {
  if (state_ != State::kStaging || finished.identity != target_) return;
  std::erase_if(answers_, [&finished](const Answer& answer) { return answer.identity == finished.identity; });
  answers_.push_back(Answer{finished.identity, finished.result, context_.now, std::move(staging_)});
  vote_ = Vote{finished.identity, finished.result, cut_text(finished.error)};
  if (finished.result != VoteResult::kUnable) {
    unable_since_.reset();
  } else if (!unable_since_) {
    unable_since_ = context_.now;
  }
  const bool to_apply = target_committed_ && finished.result == VoteResult::kAck;
  if (to_apply && order_.allows(finished.identity)) hand_over(answers_.back());
  staging_ = Content{};
  target_.reset();
  state_ = State::kIdle;
}

void Follower::ask_again() {
  for (Answer& answer : answers_) answer.outdated = answer.result != VoteResult::kAck;
}

void Follower::on_applied(const Identity& identity) {
  order_.raise(identity);
  if (!applied_ || applied_->older_than(identity)) applied_ = identity;
  knows_content_ = true;
}

}  // namespace chorale::coordination
