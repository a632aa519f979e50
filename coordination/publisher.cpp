#include "coordination/publisher.h"

#include <algorithm>
#include <set>
#include <utility>

#include "coordination/require.h"

namespace chorale::coordination {
namespace {

constexpr std::chrono::milliseconds kRefusedPause{30'000};
std::int64_t milliseconds_between(TimePoint from, TimePoint to) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
}

constexpr std::uint64_t kHeldOffer = 0;  // the agent's are numbered from 1

}  // namespace

void Publisher::begin_leadership(bool outranked, std::int64_t format) {
  require(fence_.held(), "a leadership begins with its first write");
  leading_ = true;
  state_ = State::kIdle;
  outranked_ = outranked;
  format_ = format;
  last_used_ = fence_.document().last_revision;
  electors_.reset();
  refused_digest_.reset();
  committed_content_ = Content{};
  committed_offer_.reset();
  held_again_at_ = context_.now;
}

void Publisher::end_leadership(const std::string& reason) {
  leading_ = false;
  scope_.end();
  commits_ = 0;
  own_cuts_ = 0;
  failure_.reset();
  electors_.reset();
  refusals_told_.clear();
  refused_.reset();
  blockage_.end();
  show_blocked();
  if (state_ != State::kIdle) close(Fate::kAbandoned, reason);
  abandon_pending(reason);
  uploader_.reset();
  repairs_.reset();
  content_ = Content{};
  committed_content_ = Content{};
  damaged_manifest_.reset();
  damaged_.clear();
  committed_offer_.reset();
}

void Publisher::set_committed(Content content) {
  committed_content_ = std::move(content);
  uploader_.rely_on(committed_content_);
}

void Publisher::set_damaged(std::shared_ptr<const Manifest> manifest, std::vector<std::string> missing) {
  damaged_manifest_ = std::move(manifest);
  damaged_ = std::move(missing);
}

void Publisher::withhold(const std::string& reason) {
  blockage_.fail(reason);
  abandon_pending(reason);
}

void Publisher::abandon_pending(const std::string& reason) {
  if (!pending_) return;
  context_.effects.emplace_back(OfferClosed{pending_->offer, Fate::kAbandoned, {}, reason, {}});
  pending_.reset();
}

void Publisher::offer(StateOffered offered) {
  require(offered.content.root == context_.paths.root, "an offer's chunks belong to the coordinator's root");
  abandon_pending("a newer offer took its place");
  pending_ = std::move(offered);
  offered_at_ = context_.now;
  if (!leading_) return abandon_pending("not the leader");
  blockage_.want(manifest_digest(pending_->content.entries), pending_->created_at, context_.now);
}

void Publisher::drive(const std::optional<Vote>& own, bool may_propose) {
  if (!leading_) return;
  if (state_ == State::kIdle && pending_ && may_propose && fence_.held()) take_offer();
  if (state_ == State::kUploading) upload();
  hear_answers(own);
  if (state_ == State::kVoting) count_votes();
  put_missing();
  repairs_.drive();
  show_blocked();
}

// What is quarantined stands in the manifest alone: the same files without it, or with it, are news.
bool Publisher::already_committed(const RevisionHeader& header) const {
  const StateDocument& stands = fence_.document();
  if (!stands.committed || stands.committed->identity.digest != header.identity.digest || outranked_) return false;
  if (stands.committed->quarantined != header.quarantined) return false;
  // Under another policy it is published anew: the next leader is held to what stands there.
  return stands.format == format_ && (policy_.empty() || stands.committed->policy == policy_digest(policy_));
}

void Publisher::take_offer() {
  StateOffered offered = std::move(*pending_);
  pending_.reset();
  offer_ = offered.offer;
  last_used_ = std::max(last_used_, fence_.document().last_revision);
  verdict_ = Verdict{};
  entry_ = HistoryEntry{};
  entry_.changes = std::move(offered.changes);
  entry_.by = std::move(offered.by);
  entry_.render_ms = offered.render_ms;
  entry_.at = offered.created_at;
  taken_at_ = offered_at_;
  content_ = compose(std::move(offered), Revision{last_used_.value + 1}, policy_);
  const std::string digest = content_.manifest->header.identity.digest;  // outlives content_
  if (already_committed(content_.manifest->header)) {
    recover_committed();
    const Identity identity = fence_.document().committed->identity;
    context_.effects.emplace_back(OfferClosed{offer_, Fate::kCommitted, identity, {}, {}});
    blockage_.commit(digest);
    refused_.reset();
    content_ = Content{};
    return;
  }
  if (refused_digest_ == digest && context_.now < refused_until_) {
    context_.effects.emplace_back(
        OfferClosed{offer_, Fate::kRejected, {}, "the same content was refused a moment ago", {}});
    content_ = Content{};
    return;
  }
  last_used_ = content_.manifest->header.identity.revision;
  refused_.reset();
  state_ = State::kUploading;
  uploader_.start(content_);
}

// What is committed could not be read, or not completely; now the same content is offered. Its manifest, if that is
// lost too, is made anew: it lacks the parent, which stood there alone.
void Publisher::recover_committed() {
  if (committed_content_.manifest) return;
  committed_content_ = std::move(content_);
  if (damaged_manifest_) {
    committed_content_.manifest = std::exchange(damaged_manifest_, nullptr);
  } else {
    Manifest manifest = *committed_content_.manifest;
    manifest.header = *fence_.document().committed;
    manifest.parent.reset();
    committed_content_.manifest = std::make_shared<const Manifest>(std::move(manifest));
    for_each_chunk(committed_content_, [this](std::string_view digest, std::string_view) {
      damaged_.emplace_back(digest);  // nobody could say which of them are there
    });
  }
  cache_.put(committed_content_);
  for (const std::string& what : std::exchange(damaged_, {})) repairs_.report(what);
}

Content Publisher::compose(StateOffered offered, Revision revision, const PolicyValues& policy) const {
  Manifest manifest;
  manifest.format = format_;
  manifest.files = std::move(offered.content.entries);
  RevisionHeader& header = manifest.header;
  header.identity = Identity{fence_.epoch(), revision, manifest_digest(manifest.files)};
  header.created_at = offered.created_at;
  header.cause = cut_text(offered.cause);
  header.apps = offered.apps;
  header.servers = offered.servers;
  header.quarantined = static_cast<std::int64_t>(offered.quarantined.size());
  header.policy = policy_digest(policy);
  manifest.policy = policy;
  manifest.event_at = std::move(offered.event_at);
  manifest.quarantined = std::move(offered.quarantined);
  if (const auto& committed = fence_.document().committed) manifest.parent = committed->identity;
  return Content{std::make_shared<const Manifest>(std::move(manifest)), std::move(offered.content.files)};
}

void Publisher::upload() {
  uploader_.drive();
  switch (uploader_.state()) {
    case Uploader::State::kIdle:
    case Uploader::State::kUploading:
      return;
    case Uploader::State::kDone:
      cache_.put(content_);  // what this agent's own follower needs is here already
      return write(State::kProposing, fence_.document().committed, content_.manifest->header);
    case Uploader::State::kCollision: {
      last_used_.value += 1;
      Manifest renumbered = *content_.manifest;
      renumbered.header.identity.revision = last_used_;
      content_.manifest = std::make_shared<const Manifest>(std::move(renumbered));
      return uploader_.start(content_);
    }
    case Uploader::State::kFailed:
      return close(Fate::kAbandoned, uploader_.reason());
  }
}

void Publisher::write(State state, std::optional<RevisionHeader> committed, std::optional<RevisionHeader> proposed) {
  if (!fence_.held()) return;
  state_ = state;
  StateDocument next = fence_.document();
  next.committed = std::move(committed);
  next.proposed = std::move(proposed);
  next.last_revision = std::max(next.last_revision, last_used_);
  if (state == State::kCommitting) next.format = format_;
  fence_.write(std::move(next),
               [this](Fence::Result result, const std::string& reason) { on_written(result, reason); });
}

void Publisher::on_written(Fence::Result result, const std::string& reason) {
  if (result == Fence::Result::kLost) return;  // Leader ends the leadership, and with it every offer
  if (result == Fence::Result::kFailed) {
    failure_ = "cannot write the state: " + reason;
    return;
  }
  const StateDocument& stands = fence_.document();
  if (fence_.last_stat()) pointer_.wrote(stands, *fence_.last_stat());
  const RevisionHeader& header = content_.manifest->header;
  const bool is_proposed = stands.proposed && stands.proposed->identity == header.identity;
  const bool is_committed = stands.committed && stands.committed->identity == header.identity;
  switch (state_) {
    case State::kProposing:
      return is_proposed ? begin_vote() : write(State::kProposing, stands.committed, header);
    case State::kCommitting:
      if (!is_committed) return write(State::kCommitting, header, std::nullopt);
      ++commits_;
      record_commit(header);
      outranked_ = false;
      committed_content_ = content_;
      committed_offer_ = offer_ == kHeldOffer ? std::nullopt : std::optional(offer_);
      refused_by_ = {verdict_.nacked.begin(), verdict_.nacked.end()};
      blockage_.commit(header.identity.digest);
      return close(Fate::kCommitted, verdict_.reason);
    case State::kWithdrawing:
      if (stands.proposed) return write(State::kWithdrawing, stands.committed, std::nullopt);
      forget_withdrawn();
      return close(verdict_.kind == Verdict::Kind::kReject ? Fate::kRejected : Fate::kAbandoned, verdict_.reason);
    case State::kIdle:
    case State::kUploading:
    case State::kVoting:
      return;
  }
}

// Withdrawn under the fence, it can never be committed. A pool that cannot test anything would otherwise leave a
// manifest behind with every try; its chunks are those of the next try.
void Publisher::forget_withdrawn() {
  const Identity& identity = content_.manifest->header.identity;
  context_.send(
      scope_, DeleteNode{context_.paths.revisions.child(manifest_name(identity.epoch, identity.revision)), kAnyVersion},
      [](const Reply<DeleteNode>&) {});
}

void Publisher::begin_vote() {
  state_ = State::kVoting;
  votes_.clear();
  proposed_at_ = context_.now;
  electors_.begin(content_.manifest->header.identity, roster_.ids(), context_.now);
}

// Between two votes as well: a late agent answers when the vote is long over.
void Publisher::hear_answers(const std::optional<Vote>& own) {
  electors_.keep(roster_.voters());
  for (const auto& [id, agent] : roster_.documents()) {
    if (id != context_.options.id && agent.applies && agent.vote) hear_answer(id, *agent.vote);
  }
  if (own) hear_answer(context_.options.id, *own);
}

void Publisher::hear_answer(const std::string& id, const Vote& vote) {
  electors_.answered(id, vote.identity, context_.now);
  if (state_ == State::kVoting && vote.identity == content_.manifest->header.identity) votes_[id] = vote;
  tell_refusal(id, vote);
  add_to_withdrawn(id, vote);
  const bool refuses = committed_offer_ && vote.result == VoteResult::kNack &&
                       vote.identity == committed_content_.manifest->header.identity;
  if (refuses && refused_by_.insert(id).second) {
    context_.effects.emplace_back(CommitRefused{*committed_offer_, id, id + ": " + vote.error});
  }
}

void Publisher::count_votes() {
  if (context_.options.stage_timeout.count() == 0) {
    return write(State::kCommitting, content_.manifest->header, std::nullopt);
  }
  const std::string& self = context_.options.id;
  Ballot ballot{self, electors_.electors(votes_), votes_};
  if (std::find(ballot.electors.begin(), ballot.electors.end(), self) == ballot.electors.end()) {
    ballot.electors.push_back(self);
  }
  ballot.deadline_passed = context_.now >= electors_.deadline();
  ballot.timeout_passed = context_.now >= proposed_at_ + context_.options.stage_timeout;
  conclude(count(ballot), ballot);
}

void Publisher::conclude(const Verdict& verdict, const Ballot& ballot) {
  if (verdict.kind == Verdict::Kind::kOpen || !fence_.held()) return;
  const RevisionHeader& header = content_.manifest->header;
  if (ballot.deadline_passed) electors_.close(votes_);
  own_cuts_ = verdict.own_cut ? own_cuts_ + 1 : 0;
  verdict_ = verdict;
  record_votes(ballot);
  if (verdict.kind == Verdict::Kind::kCommit) return write(State::kCommitting, header, std::nullopt);
  if (verdict.kind == Verdict::Kind::kReject) {
    refused_digest_ = header.identity.digest;
    refused_until_ = context_.now + kRefusedPause;
  }
  write(State::kWithdrawing, fence_.document().committed, std::nullopt);
}

void Publisher::record_votes(const Ballot& ballot) {
  entry_.stage_ms = milliseconds_between(proposed_at_, context_.now);
  for (const auto& [id, vote] : votes_) {
    if (vote.result == VoteResult::kAck) ++entry_.votes.ack;
    if (vote.result == VoteResult::kNack) ++entry_.votes.nack;
    if (vote.result == VoteResult::kUnable) ++entry_.votes.unable;
  }
  entry_.votes.silent = std::count_if(ballot.electors.begin(), ballot.electors.end(),
                                      [this](const std::string& id) { return votes_.count(id) == 0; });
}

void Publisher::record_commit(const RevisionHeader& header) {
  entry_.epoch = header.identity.epoch;
  entry_.revision = header.identity.revision;
  entry_.cause = header.cause;
  entry_.commit_ms = milliseconds_between(taken_at_, context_.now);
  history_.push_back(std::move(entry_));
}

void Publisher::close(Fate fate, const std::string& reason) {
  state_ = State::kIdle;
  if (fate == Fate::kRejected) {
    refused_ = Refused{content_.manifest->header.identity, {}};
    for (const std::string& id : verdict_.nacked) refused_->by.emplace(id, votes_.at(id).error);
  }
  if (fate != Fate::kCommitted) blockage_.fail(fate == Fate::kRejected ? refusal_text() : reason);
  if (offer_ == kHeldOffer) return close_held(fate, reason);
  context_.effects.emplace_back(OfferClosed{offer_, fate, content_.manifest->header.identity, reason, verdict_.nacked});
  content_ = Content{};
}

// An agent lists what it could not find after it had re-read the state, so it is still named there.
void Publisher::put_missing() {
  if (!context_.link.connected || !fence_.held()) return;
  for (const auto& [id, agent] : roster_.documents()) {
    for (const std::string& what : agent.missing) repairs_.report(what);
  }
}

}  // namespace chorale::coordination
