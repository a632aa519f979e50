// This agent's own znode, <root>/agents/<id>: that it is there, is ours, and says what is true. Pure; loop thread only.
//
// The znode of the same name may be a ghost of our own past (same instance id, another session): then it is deleted at
// the version that was read, which proves that nothing happened in between; the lock on state_dir/instance proves that
// the old process is gone. Or it belongs to another agent with our name: then this agent must not run.
#pragma once

#include <optional>
#include <string>

#include "coordination/mirror.h"

namespace chorale::coordination {

class Membership {
 public:
  //  kAbsent --create--> kPresent --content changed--> written, one write in flight, the newest content wins
  //   ^  |                  |
  //   |  "exists"           | vanished, lost reply, bad version
  //   |  v                  v
  //   |  kUnclear <---------+
  //   |    |--own session--> kPresent
  //   +----+--own instance, other session: deleted
  //   ^    '--other instance--> kContested --still there after session timeout + 2 s--> refused for good
  //   +---------gone----------------'
  enum class State { kAbsent, kPresent, kUnclear, kContested, kRefused, kLeft };

  explicit Membership(Context& context);

  // A new session: the znode of the old one is a ghost.
  void reset();
  // Reconnected, missing in the list, or its watch fired: read it back.
  void suspect();
  void drive(bool root_ready);
  // For ever: the agent is about to exit. Ensures: `done` is called once the znode is gone, or as soon as this cannot
  // be known.
  void leave(std::function<void()> done);

  // What the znode is to say; written when it differs from what it says.
  [[nodiscard]] AgentDocument& document() { return document_; }
  [[nodiscard]] const AgentDocument& document() const { return document_; }
  [[nodiscard]] bool present() const { return state_ == State::kPresent; }
  [[nodiscard]] State state() const { return state_; }
  // Why the znode could not be written last; nullopt once it was.
  [[nodiscard]] const std::optional<std::string>& complaint() const { return complaint_; }
  [[nodiscard]] const Mirror& mirror() const { return mirror_; }

 private:
  void create();
  void read_back();
  void on_read(Reply<ReadNode> reply);
  void on_foreign(const std::string& host);
  void delete_ghost(Version version);
  void write();
  void failed(const Error& error);

  Context& context_;
  Mirror mirror_;
  Path path_;
  State state_ = State::kAbsent;
  AgentDocument document_;
  std::optional<AgentDocument> written_;  // what the znode says at version_
  Version version_;
  std::optional<TimePoint> contested_since_;
  std::optional<std::string> complaint_;
};

}  // namespace chorale::coordination
