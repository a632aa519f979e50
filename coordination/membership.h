// This agent's own znode, <root>/agents/<id>: that it is there, is ours, and says what is true. Pure; loop thread only.
//
// The znode of the same name may be a ghost of our own past (same instance id, another session): then it is deleted at
// the version that was read, which proves that nothing happened in between; the lock on state_dir/instance proves that
// the old process is gone. A ghost that comes back again and again is alive: a machine was cloned, instance id and all.
// Of the two, the one that was started later must not run; else they would delete each other's znode for ever.
//
// Or the znode belongs to another agent with our name, perhaps to what this proxy was before it was set up anew: its
// session may outlive it by the session timeout, and by more if the ensemble fails over. Then this agent is not
// registered, says so, and goes on trying.
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
  //   +----+--own instance, other session: deleted; the third of one session of ours: kRefused, for good
  //   ^    '--other instance--> kContested --same session in it for session timeout + 2 s--> kTaken
  //   +---------gone----------------+----------------------------------------------------------'
  enum class State { kAbsent, kPresent, kUnclear, kContested, kTaken, kRefused, kLeft };

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
  void on_foreign(SessionId owner, const std::string& host);
  void on_ghost(const AgentDocument& ghost, const Stat& stat);
  [[nodiscard]] bool started_before_us(const AgentDocument& ghost, SessionId owner) const;
  void delete_ghost(Version version);
  void complain(LogLine::Level level, const std::string& text);
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
  SessionId contested_by_;
  int ghosts_ = 0;                     // seen in this session
  std::optional<std::int64_t> ghost_;  // the last one's created_zxid
  std::optional<std::string> complaint_;
};

}  // namespace chorale::coordination
