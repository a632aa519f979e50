// When a znode is read, and when again: one in each machine that mirrors a znode. Pure; loop thread only.
//
// A look begins with look(), may take several requests (sync, read, create what is missing), and ends with fresh() or
// again(). What it found is stale after suspect() (a watch fired, the connection is back), and reread_interval after
// the look began, since a watch may be lost. The machine itself knows what the znode said.
#pragma once

#include <string>
#include <utility>

#include "coordination/context.h"

namespace chorale::coordination {

class Mirror {
 public:
  // `name`: the machine, as Coordinator::describe() shows it.
  Mirror(Context& context, std::string name) : context_(context), scope_(std::move(name)) {}

  // A new session or another lineage: nothing is known, and the replies to what was asked are dropped.
  void reset();
  // Look again, after `delay` at the earliest.
  void suspect(std::chrono::milliseconds delay = std::chrono::milliseconds{0});

  // Connected, no look under way, no delay to wait for.
  [[nodiscard]] bool may_look() const;
  // It may look, and what is known is stale.
  [[nodiscard]] bool due() const;
  [[nodiscard]] bool looking() const { return looking_; }
  // When the last look began.
  [[nodiscard]] TimePoint looked_at() const { return looked_at_; }

  template <class Op, class Then>
  void look(Op operation, Then then) {
    looking_ = true;
    stale_ = false;
    looked_at_ = context_.now;
    send(std::move(operation), std::move(then));
  }
  // One more request of the look under way, or one beside it.
  template <class Op, class Then>
  void send(Op operation, Then then) {
    context_.send(scope_, std::move(operation), std::move(then));
  }
  void fresh() { looking_ = false; }
  void again(std::chrono::milliseconds delay = std::chrono::milliseconds{0});
  // After kRetryDelay, or after kRefusedDelay where a quick retry cannot help.
  void again(const Error& error);

  // "fresh", "stale", "looking".
  [[nodiscard]] std::string describe() const;

 private:
  Context& context_;
  Scope scope_;
  bool stale_ = true;
  bool looking_ = false;
  TimePoint not_before_;
  TimePoint looked_at_;
};

}  // namespace chorale::coordination
