// When a proposal is committed, refused or given up: the counting alone, values in, verdict out. Pure.
//
// No safety rests on it (the fence and the digests carry that). It is the pool's veto against content that some Nginx
// refuses.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordination/documents.h"

namespace chorale::coordination {

struct Ballot {
  std::string leader;                 // this agent's id; always an elector
  std::vector<std::string> electors;  // whose answer is waited for
  std::map<std::string, Vote> votes;  // answers to this very proposal, electors or not, by agent id
  bool deadline_passed = false;       // of the electors
  bool timeout_passed = false;        // stage_timeout: then the leader's own test may be cut short
};

struct Verdict {
  enum class Kind {
    kOpen,  // wait
    kCommit,
    kReject,   // the content was refused
    kAbandon,  // no agent refused it, but none could vouch for it either
  };
  Kind kind = Kind::kOpen;
  std::string reason;               // the first nack's text, for kReject
  std::vector<std::string> nacked;  // sorted ids
  bool own_cut = false;             // for kCommit: without the leader's own answer
};

// Commit: the leader's own ack, or its "unable" with an ack and no nack; and every elector has answered or the deadline
// has passed. Silence is never an ack. The leader's own test is cut short, as "unable", by stage_timeout alone, and
// only where another elector acked and nobody nacked. Reject: the leader's own nack at once, or nacks of more than half
// of the electors.
[[nodiscard]] Verdict count(const Ballot& ballot);

}  // namespace chorale::coordination
