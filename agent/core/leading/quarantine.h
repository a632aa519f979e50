// The apps whose definition Nginx refuses, and what is offered of them instead. Pure.
//
//   a state is refused --here--> CulpritSearch, by trials --found--> quarantined
//                      --by others--> is it refused here too? asked by a trial: then as above
//                                     `--by others alone--> the app whose line they name, on probation: released
//                                                           again if they refuse the next state as well
//   quarantined --its definition changes, or the template--> released
//               --after a minute, then ever less often: is it accepted here now?--> released: what Nginx lacked (a
//               port that was held, a certificate) may be there. Refused again, it waits twice as long, at most 10 min
//
// What is frozen is the definition (labels, hosts, env, health path, the ports' names and labels), at what was
// committed last; never the servers: Mesos gives their ports to other tasks. An app without a committed definition is
// left out. At most max(1, 5 %) of the apps: beyond that it is no app's fault, and nothing is quarantined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/types.h"
#include "agent/core/leading/culprit_search.h"
#include "agent/core/leading/offer_pacer.h"
#include "coordination/documents.h"
#include "render/routing_state.h"

namespace chorale::agent {

// Of all that a template can print but the servers; 64 hex digits.
[[nodiscard]] std::string definition_digest(const render::App& app);

class Quarantine {
 public:
  static constexpr Milliseconds kFirstWait{60'000};
  static constexpr Milliseconds kLongestWait{600'000};

  // How an offer ended that some Nginx refused.
  struct Refusal {
    SharedState state;  // as offered
    SharedState good;   // what was committed before; nullptr: nothing
    std::string error;
    std::string app;              // whose line the error names; empty: unknown
    std::vector<std::string> by;  // ids of the agents
    bool here = false;            // this proxy's Nginx is one of them: it can be asked
    std::string at;               // wall clock, for people
  };

  // What the predecessor had quarantined; `committed` holds its last good definitions.
  void adopt(const std::vector<coordination::QuarantineEntry>& entries, const render::RoutingState& committed);

  // What may be offered of this state. Releases the apps whose definition is another now.
  [[nodiscard]] render::RoutingState contain(render::RoutingState wanted);

  // Another app has waited long enough since this was asked last: the state as it is is wanted in ask_again().
  [[nodiscard]] bool come_due(TimePoint now);
  // When come_due() is worth asking.
  [[nodiscard]] TimePoint next_retry() const;
  // Prepares the question whether this state is accepted with one of those apps as it is. Nothing while one is open.
  void ask_again(const render::RoutingState& wanted);
  // All of them are due.
  void retry_now();

  void refused(const Refusal& refusal);
  // An offer was committed; the agents that refused it all the same are no majority.
  void committed(const Refusal& refusal);
  void release_all(const std::string& why);

  // No offer may be made meanwhile: it would be refused as well.
  [[nodiscard]] bool searching() const { return search_.has_value(); }
  struct Question {
    std::uint64_t number = 0;
    SharedState state;
  };
  // To be asked now; nullopt: nothing, or it was taken already.
  [[nodiscard]] std::optional<Question> take_question();
  void answered(std::uint64_t number, const TrialOutcome& outcome);

  // Sorted by app; of those that the last contained state holds.
  [[nodiscard]] std::vector<coordination::QuarantineEntry> entries() const;
  // The entries are others since they were taken: even an equal state has to be published anew.
  [[nodiscard]] bool changed() const { return changed_; }
  [[nodiscard]] bool take_changed() { return std::exchange(changed_, false); }
  // What there is to say, for the log.
  [[nodiscard]] std::vector<LogLine> take_log() { return std::exchange(log_, {}); }

 private:
  void tell(std::string text, bool news = true) { log_.push_back({LogLine::Level::kWarning, std::move(text), news}); }
  struct Entry {
    std::string reason;
    std::string digest;  // of the refused definition
    std::string since;
    std::optional<render::App> good;
    std::vector<std::string> probation;  // who has to accept the next state
    bool present = false;                // in the last contained state
    Milliseconds wait = kFirstWait;
    std::optional<TimePoint> retry_at;  // nullopt: not known yet
    bool due = false;
  };
  struct Retry {
    std::string app;
    std::string digest;
    SharedState state;
    std::uint64_t number = 0;  // 0: not asked yet
  };
  struct Released {
    std::string digest;
    Milliseconds wait{};  // if it is refused once more
  };
  struct Search {
    Refusal refusal;
    std::optional<CulpritSearch> culprits;  // nullopt: whether this Nginx refuses it is being asked
    bool asked = false;
  };

  void search_among_changed(const TrialOutcome& outcome);
  // Whether there is an app to suspect.
  bool suspect(const Refusal& refusal);
  // Whether an app was suspected without reason.
  bool acquit(const std::vector<std::string>& by);
  void add(const Refusal& refusal, const std::string& app, const std::string& error,
           std::vector<std::string> probation);
  void end_search();
  void retried(const TrialOutcome& outcome);
  void forget_released(const render::RoutingState& wanted);
  [[nodiscard]] std::size_t room(const render::RoutingState& state) const;

  std::map<std::string, Entry> entries_;
  std::set<std::string> acquitted_;  // digests of definitions that a suspicion fell on without reason
  std::optional<Search> search_;
  std::optional<Retry> retry_;
  std::map<std::string, Released> released_;  // by a retry, and not changed since
  bool more_due_ = false;                     // when a retry has ended
  std::uint64_t question_ = 0;
  bool changed_ = false;
  std::vector<LogLine> log_;
};

}  // namespace chorale::agent
