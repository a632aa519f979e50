// Whose turn it is to lead: the lowest sequence number under <root>/election. Pure; loop thread only.
//
// Being the lowest is only a hint. What makes a leader is the fence (fence.h): two agents that both think that they are
// the lowest harm nothing. Each agent watches its own znode and its predecessor's alone, so that a death wakes one
// agent.
//
// A sequential create whose reply was lost may have happened: the znode carries a guid, and the agent looks for it
// before it tries again. Without that an orphan of our own would stand first and block everybody.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordination/context.h"

namespace chorale::coordination {

// "<id>.<guid>-n_<sequence>"
struct Candidate {
  std::string id;
  std::string guid;
  std::int64_t sequence = 0;
  std::string name;
};
// nullopt: not a candidate's name.
[[nodiscard]] std::optional<Candidate> parse_candidate(std::string_view name);

class Election {
 public:
  //  kOut --own agent znode present, back-off over--> kJoining --listed, guid found--> kWaiting <--> kLowest
  //   ^                                                                                    |            |
  //   +---- own znode gone (step_down(), or somebody deleted it) <-------------------------+------------+
  enum class State { kOut, kJoining, kWaiting, kLowest };

  explicit Election(Context& context) : context_(context) {}

  void reset();
  void suspect() { dirty_ = true; }
  // REQUIRES for `may_join`: the own agent znode is present, thus the id is ours and no stranger's.
  void drive(bool may_join);

  // Deletes the own znode and joins again at the tail, after `delay`.
  void step_down(std::chrono::milliseconds delay);
  // For ever. Ensures: `done` is called once the znode is gone or nobody can know.
  void leave(std::function<void()> done);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool lowest() const { return state_ == State::kLowest; }
  // Counts the lists read in this process: a takeover needs one that nobody used before.
  [[nodiscard]] std::uint64_t lists() const { return lists_; }

 private:
  void join();
  void list();
  void on_listed(const std::vector<std::string>& names);
  void take_place(const std::vector<Candidate>& candidates);
  void watch(const std::string& name);
  void remove(const std::string& name);
  void retry(std::chrono::milliseconds delay);

  Context& context_;
  State state_ = State::kOut;
  std::string guid_;      // of this stay; empty before the first try
  std::string name_;      // of the own znode, while there is one
  bool dirty_ = true;     // the list is not known
  bool busy_ = false;     // a create or a list is under way
  bool unclear_ = false;  // a create may have happened: sync before the next list
  bool leaving_ = false;  // step_down(): own znodes are to go
  bool left_ = false;     // leave(): never again
  std::size_t removing_ = 0;
  std::uint64_t lists_ = 0;
  TimePoint retry_at_;
  TimePoint join_at_;
  TimePoint next_list_;
};

}  // namespace chorale::coordination
