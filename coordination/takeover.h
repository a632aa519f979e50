// The first write of a leadership: one epoch above every other that was ever seen. Pure; loop thread only.
//
// Leader starts it only while the own election znode is the lowest in a list that no earlier takeover used. What is
// committed is carried over exactly as read by the same pass: a takeover never changes what the proxies serve.
#pragma once

#include <optional>
#include <string>

#include "coordination/context.h"
#include "coordination/fence.h"
#include "coordination/pointer.h"
#include "coordination/roster.h"

namespace chorale::coordination {

class Takeover {
 public:
  //  kIdle --start()--> kSyncing --> kReading (state, every agent) --> kWriting --> kDone
  //                                      |                                     ^  '-----> kFailed
  //                   ^                  '--no readable state--> kNumbering ---'
  //                   |                                            |
  //                   '--- session timeout later --- kWaiting <----'  the node is gone, but there was one
  enum class State { kIdle, kSyncing, kReading, kNumbering, kWaiting, kWriting, kDone, kFailed };

  Takeover(Context& context, Roster& roster, Fence& fence, const Pointer& pointer)
      : context_(context), scope_("takeover"), roster_(roster), fence_(fence), pointer_(pointer) {}

  void reset();
  void start(std::string cluster_id);
  // `own_applied`: what this agent's Nginx serves.
  void drive(const std::optional<Identity>& own_applied);

  [[nodiscard]] State state() const { return state_; }
  // Why it is kFailed.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  struct Numbers {
    Epoch epoch;
    Revision revision;
    void include(const Identity& identity);
    void include(Epoch other_epoch, Revision other_revision);
  };

  void sync();
  void read_all();
  void on_state(const Reply<ReadNode>& reply);
  void list_revisions();
  void write();
  [[nodiscard]] Numbers numbers() const;
  [[nodiscard]] bool must_wait(const Numbers& highest) const;
  void fail(const std::string& reason);

  Context& context_;
  Scope scope_;
  Roster& roster_;
  Fence& fence_;
  const Pointer& pointer_;
  State state_ = State::kIdle;
  std::string cluster_id_;
  Roster::Pass pass_ = 0;
  bool state_read_ = false;
  std::optional<StateDocument> old_;  // what stands there, if it can be read and is this cluster's
  std::optional<Version> version_;    // of what stands there, readable or not
  Numbers burnt_;                     // ever: by another lineage's state, or by the names of manifests
  std::optional<Identity> own_applied_;
  bool waited_ = false;
  TimePoint wait_until_;
  std::string reason_;
};

}  // namespace chorale::coordination
