// The life of the handle: when it is opened, given up and replaced. Pure; loop thread only.
//
// It alone counts generations: what an older handle still says is dropped. It never touches the tree.
#pragma once

#include <string>
#include <vector>

#include "coordination/context.h"

namespace chorale::coordination {

class Session {
 public:
  //  kIdle --start--> kOpening --connected--> kConnected <--> kDisconnected
  //                      |                        |                |
  //                      |   expired, refused credentials, or not connected for too long
  //                      +------------------------+----------------+--> kBroken --back-off--> kOpening, next generation
  //
  // Too long is 3/2 of the timeout for a session: others take it for dead by then, an isolated client is never told so,
  // and a restored ensemble silently refuses a handle that saw a newer zxid. It is 3 x the timeout for a handle that
  // never connected, which has nothing to lose and servers to try.
  enum class State { kIdle, kOpening, kConnected, kDisconnected, kBroken };

  // What the other machines must do about it.
  enum class Change {
    kNone,
    kConnected,  // read everything again
    kEnded,      // nothing of the old session holds any more: ephemerals, watches, requests, leadership
  };

  explicit Session(Context& context) : context_(context) {}

  void start();
  [[nodiscard]] Change on_event(const SessionEvent& event);
  // Checks the deadlines.
  [[nodiscard]] Change drive();

  [[nodiscard]] State state() const { return state_; }
  // Not connected for 2/3 of the timeout: others may have declared this session dead, so propose nothing.
  [[nodiscard]] bool quiet_for_too_long() const;
  // "OK", or why not; the same words as long as the reason is the same.
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  void open();
  Change end(std::string message, std::chrono::milliseconds at_least);
  void disconnected();

  Context& context_;
  State state_ = State::kIdle;
  std::string message_ = "not started";
  int failures_ = 0;  // handles in a row that broke without ever connecting
  TimePoint reopen_at_;
  std::vector<std::string> told_;  // since it was connected: of an ensemble that stays away each reason is told once
};

}  // namespace chorale::coordination
