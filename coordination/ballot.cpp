#include "coordination/ballot.h"

#include <algorithm>

namespace chorale::coordination {

Verdict count(const Ballot& ballot) {
  Verdict verdict;
  std::size_t acks = 0;
  std::size_t elector_acks = 0;
  std::size_t elector_nacks = 0;
  const auto is_elector = [&ballot](const std::string& id) {
    return std::find(ballot.electors.begin(), ballot.electors.end(), id) != ballot.electors.end();
  };
  for (const auto& [id, vote] : ballot.votes) {
    if (vote.result == VoteResult::kAck) {
      ++acks;
      if (id != ballot.leader && is_elector(id)) ++elector_acks;
    }
    if (vote.result != VoteResult::kNack) continue;
    if (verdict.nacked.empty()) verdict.reason = id + ": " + vote.error;
    verdict.nacked.push_back(id);
    if (is_elector(id)) ++elector_nacks;
  }
  const auto own = ballot.votes.find(ballot.leader);
  const bool own_nack = own != ballot.votes.end() && own->second.result == VoteResult::kNack;
  if (own_nack) verdict.reason = ballot.leader + ": " + own->second.error;
  if (own_nack || 2 * elector_nacks > ballot.electors.size()) {
    verdict.kind = Verdict::Kind::kReject;
    return verdict;
  }
  verdict.own_cut = own == ballot.votes.end();
  if (verdict.own_cut) {
    if (ballot.timeout_passed && elector_acks > 0 && verdict.nacked.empty()) verdict.kind = Verdict::Kind::kCommit;
    return verdict;
  }
  const bool all_answered = std::all_of(ballot.electors.begin(), ballot.electors.end(),
                                        [&ballot](const std::string& id) { return ballot.votes.count(id) > 0; });
  if (!all_answered && !ballot.deadline_passed) return verdict;
  if (own->second.result == VoteResult::kAck || (acks > 0 && verdict.nacked.empty())) {
    verdict.kind = Verdict::Kind::kCommit;
    return verdict;
  }
  verdict.kind = verdict.nacked.empty() ? Verdict::Kind::kAbandon : Verdict::Kind::kReject;
  if (verdict.nacked.empty()) verdict.reason = "no agent could test it: " + own->second.error;
  return verdict;
}

}  // namespace chorale::coordination
