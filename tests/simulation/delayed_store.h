// A Store whose requests need time on their way to the server, and whose watch events may be late, doubled or lost.
//
// MemoryStore performs an operation when it is asked for it; here a request can still be under way when its sender is
// deposed, frozen or dead. Requests of one handle arrive in order. What it lacks: delays of replies (the wrapped
// store's `post` has them), a second server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "coordination/store.h"
#include "random.h"
#include "schedule.h"

namespace chorale::coordination::simulation {

class DelayedStore final : public Store {
 public:
  struct Surroundings {
    Schedule& schedule;
    Random& random;
    std::function<Duration(const Operation&)> delay;      // of this request
    std::function<bool()> spoils_watches;                 // now, at random
    std::function<void(std::function<void()>)> post;      // the wrapped store's way back
    std::function<void(const Operation&)> after_arrival;  // the tree has just performed it, or refused
  };

  DelayedStore(std::unique_ptr<Store> inner, Surroundings surroundings);

  void open(Generation generation) override;
  void close() override;
  void execute(Operation operation, Completion completion) override;

  // A connection breaks in three steps: some requests still arrive, the session is cut off, the others are lost.
  void deliver_some();
  void lose_rest();

 private:
  struct Request {
    Operation operation;
    Completion completion;
  };

  void arrive(std::uint64_t number);
  void fail_all(ErrorKind kind);
  void on_inner_watch(const WatchEvent& event);

  std::unique_ptr<Store> inner_;
  Surroundings around_;
  std::map<std::uint64_t, Request> under_way_;
  std::uint64_t last_number_ = 0;
  TimePoint last_arrival_;
};

}  // namespace chorale::coordination::simulation
