// The only writer of <root>/state. One versioned write at a time, and only at versions at which this term was seen.
//
// Pure; loop thread only. Nothing but this rule keeps an old leader from writing: elections and clocks are hints. A
// write whose reply was lost is neither repeated nor given up: sync, read, and the term that stands there rules. A term
// is the random id of one takeover.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "coordination/context.h"

namespace chorale::coordination {

class Fence {
 public:
  //  kNone --take()--> kWriting --reply--> kHeld <--write()/reply--> kWriting
  //   ^                   |                                             |
  //   |                   | reply lost, or another version stands there |
  //   |                   v                                             |
  //   |               kClearing (sync, read) <--------------------------+
  //   |                   |-- own epoch and term read --> kHeld, at what was read
  //   +-------------------+-- anything else
  enum class State { kNone, kWriting, kClearing, kHeld };

  enum class Result {
    kHeld,    // document() is what stands there now; it may be older than what was asked for, or asked for before
    kLost,    // another term, nothing readable, or an earlier version stands there: this term is over
    kFailed,  // the server refused for another reason (rights, size); nothing was changed
  };
  using Done = std::function<void(Result, const std::string& reason)>;

  explicit Fence(Context& context) : context_(context), scope_("fence") {}

  // Forgets the term; `done` of what is under way is not called any more.
  void reset();
  // The first write of a term: over `expected`, or creating the node. REQUIRES: kNone.
  void take(StateDocument next, std::optional<Version> expected, Done done);
  // REQUIRES: kHeld. `next` keeps epoch and term.
  void write(StateDocument next, Done done);
  // Sends what waits for the connection.
  void drive();
  // The state was read at `version`. Ensures: returns why the term is over, or nullopt.
  [[nodiscard]] std::optional<std::string> observe(const StateDocument& seen, Version version);
  // The same term at an earlier version than is known: the ensemble was put back from a backup, and what this term has
  // written since is lost. REQUIRES: the read was sent after the last write was answered.
  [[nodiscard]] bool went_back(const StateDocument& seen, Version version) const;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool held() const { return state_ == State::kHeld; }
  // The document of the last version that is known to be ours. REQUIRES: held().
  [[nodiscard]] const StateDocument& document() const;
  [[nodiscard]] Epoch epoch() const { return epoch_; }
  [[nodiscard]] const std::string& term() const { return term_; }
  // Why the term was lost: it was, if this is kNone after take().
  [[nodiscard]] const std::string& why_lost() const { return why_lost_; }
  // Set when the last kHeld came from a plain reply: its stat is what the pointer may take over.
  [[nodiscard]] const std::optional<Stat>& last_stat() const { return last_stat_; }

 private:
  void send_write(Version expected);
  void on_outcome(bool written, const Error* error, const std::optional<Stat>& stat);
  void clear_up();
  void on_read(const Reply<ReadNode>& reply);
  void finish(Result result, const std::string& reason);

  Context& context_;
  Scope scope_;
  State state_ = State::kNone;
  Epoch epoch_;
  std::string term_;
  StateDocument document_;
  StateDocument wanted_;
  Version version_;
  Done done_;
  bool clearing_busy_ = false;
  TimePoint retry_at_;
  std::optional<Stat> last_stat_;
  std::string why_lost_;
};

}  // namespace chorale::coordination
