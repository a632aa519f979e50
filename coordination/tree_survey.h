// Every znode below the root: how many, how large, and at which version. Pure; loop thread only.
//
// It asks a few things at a time, since the ensemble belongs to others too. What comes or goes meanwhile may be counted
// or not. Two levels below the root, which is all that a pool of this version has.
#pragma once

#include <cstddef>
#include <deque>
#include <map>

#include "coordination/context.h"

namespace chorale::coordination {

class TreeSurvey {
 public:
  //  kIdle --start()--> kAsking --every answer--> kDone
  //                        '--a reply was lost--> kFailed
  enum class State { kIdle, kAsking, kDone, kFailed };
  struct Found {
    Version version;
    std::int64_t bytes = 0;
  };

  TreeSurvey(Context& context, std::size_t in_flight_limit)
      : context_(context), scope_("survey"), in_flight_limit_(in_flight_limit) {}

  void reset();
  void start();

  [[nodiscard]] State state() const { return state_; }
  // REQUIRES: kDone.
  [[nodiscard]] const std::map<Path, Found>& found() const { return found_; }

 private:
  struct Task {
    Path path;
    int depth = 0;  // below the root
    bool list = false;
  };

  void send_next();
  void check(const Task& task);
  void list(const Task& task);
  // What is refused is not counted, nor what is below it.
  void answered(const Error* error);

  Context& context_;
  Scope scope_;
  const std::size_t in_flight_limit_;
  State state_ = State::kIdle;
  std::deque<Task> waiting_;
  std::size_t in_flight_ = 0;
  std::map<Path, Found> found_;
};

}  // namespace chorale::coordination
