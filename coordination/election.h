// Whose turn it is to lead: the lowest sequence number under <root>/election. Pure; loop thread only.
//
// Being the lowest is only a hint. What makes a leader is the fence (fence.h): two agents that both think that they are
// the lowest harm nothing. Each agent watches its own znode and its predecessor's alone, so that a death wakes one
// agent.
//
// A sequential create whose reply was lost may have happened: the znode carries a guid, and the agent looks for it
// before it tries again. Without that an orphan of our own would stand first and block the pool.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordination/mirror.h"

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
  //   +---- own znode gone (step_down(), or it was deleted) <-------------------------+------------+
  enum class State { kOut, kJoining, kWaiting, kLowest };

  explicit Election(Context& context) : context_(context), mirror_(context, "election") {}

  void reset();
  void suspect() { mirror_.suspect(); }
  // `may_join`: the own agent znode is present, so the id is ours and no stranger's. Without it a place that was taken
  // is watched all the same: it must not block the pool.
  void drive(bool may_join);

  // Deletes the own znode and joins again at the tail, after `delay`.
  void step_down(std::chrono::milliseconds delay);
  // For ever. Ensures: `done` is called once the znode is gone, or as soon as this cannot be known.
  void leave(std::function<void()> done);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool lowest() const { return state_ == State::kLowest; }
  // Counts the lists read in this process: a takeover needs one that no other used before.
  [[nodiscard]] std::uint64_t lists() const { return lists_; }
  [[nodiscard]] const Mirror& mirror() const { return mirror_; }

 private:
  void join();
  void list();
  void on_listed(const std::vector<std::string>& names);
  void take_place(const std::vector<Candidate>& candidates);
  void watch(const std::string& name);
  void remove(const std::string& name);

  Context& context_;
  Mirror mirror_;  // of the list
  State state_ = State::kOut;
  std::string guid_;      // of this stay; empty before the first try
  std::string name_;      // of the own znode, while there is one
  bool unclear_ = false;  // a create may have happened: sync before the next list
  bool id_ours_ = false;  // may_join, as it was last said: other candidates with our id are ghosts
  bool leaving_ = false;  // step_down(): own znodes are to go
  bool left_ = false;     // leave(): never again
  std::size_t removing_ = 0;
  std::uint64_t lists_ = 0;
  TimePoint join_at_;
};

}  // namespace chorale::coordination
