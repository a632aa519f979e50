// Whose answer to a proposal is waited for, and for how long. Pure; loop thread only.
//
// An elector is an agent that was registered when the proposal was written and still is. It is waited for as long as
// answers in this pool usually take: max(300 ms, 3 x the median of the agents' last answers), never longer than
// stage_timeout; before any answer is known, that long. Who took longer, or let a deadline pass, is late: it is not
// waited for again before it has answered in time. Its answer counts all the same while the vote is open.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordination/documents.h"
#include "coordination/types.h"

namespace chorale::coordination {

class Electors {
 public:
  explicit Electors(std::chrono::milliseconds stage_timeout) : stage_timeout_(stage_timeout) {}

  // Another leadership: what it measures is its own.
  void reset();
  // `proposed` says `identity` since `now`.
  void begin(const Identity& identity, const std::vector<std::string>& registered, TimePoint now);
  // Who left is neither waited for nor late; if it comes back it is as good as new.
  void keep(const std::vector<std::string>& registered);
  // `id` says that it has tested `identity`. Only the first time that this is said counts.
  void answered(const std::string& id, const Identity& identity, TimePoint now);
  // The vote is over after its deadline: who has not answered is late.
  void close(const std::map<std::string, Vote>& votes);

  // Of the proposal of begin(). A late agent is an elector once it has answered.
  [[nodiscard]] std::vector<std::string> electors(const std::map<std::string, Vote>& votes) const;
  [[nodiscard]] TimePoint deadline() const { return deadline_; }
  [[nodiscard]] std::vector<std::string> late() const;  // sorted

 private:
  struct Agent {
    std::optional<Identity> last;  // answered last
    std::optional<Duration> took;  // that answer
    bool silent = false;           // let a deadline pass and has not answered since
  };
  struct Proposal {
    Identity identity;
    TimePoint at;
  };

  [[nodiscard]] Duration limit() const;
  [[nodiscard]] static bool late(const Agent& agent, Duration wait);

  std::chrono::milliseconds stage_timeout_;
  std::map<std::string, Agent> agents_;  // registered
  std::vector<std::string> voters_;      // registered when the proposal was written
  std::deque<Proposal> proposals_;       // the newest last
  TimePoint deadline_;
};

}  // namespace chorale::coordination
