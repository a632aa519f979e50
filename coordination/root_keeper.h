// Keeps the root and its directories in existence, and knows which cluster this is. Pure; loop thread only.
//
// Creates what is missing, again and again: an operator may delete the tree, an ensemble may come back empty. It never
// deletes and never overwrites, except a root without any data, as `zkCli create /chorale ""` leaves it.
#pragma once

#include <optional>
#include <string>

#include "coordination/mirror.h"

namespace chorale::coordination {

class RootKeeper {
 public:
  //  kUnknown --root read, all directories listed--> kReady
  //     ^  \--missing--> created, read again            |
  //     |   \--cannot be read--> kRefused --timer--+    | something is gone
  //     +------------------------------------------+----+
  enum class State { kUnknown, kReady, kRefused };

  explicit RootKeeper(Context& context) : context_(context), mirror_(context, "root") {}

  // A new session: nothing is known but which cluster this was.
  void reset();
  // Reconnected, a watch fired, or a parent was missing.
  void suspect() { mirror_.suspect(); }
  void drive();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool ready() const { return state_ == State::kReady; }
  // Empty until it was read once. It changes when another one, confirmed after a sync, took its place: a new lineage.
  [[nodiscard]] const std::string& cluster_id() const { return cluster_id_; }
  // What stands there is of a format that this agent does not read.
  [[nodiscard]] bool newer_format() const { return newer_format_; }
  // Why the tree cannot be used.
  [[nodiscard]] const std::optional<std::string>& complaint() const { return complaint_; }
  [[nodiscard]] const Mirror& mirror() const { return mirror_; }

 private:
  void on_root(Reply<ReadNode> reply);
  void write_root(Version version);
  void on_cluster_id(std::string cluster_id);
  void confirm_other_cluster(const std::string& seen);
  void on_directories(Reply<ListChildren> reply);
  void create_directory(const Path& path);
  // Creates the ancestors of the root from the deepest that exists, then the root.
  void create_root(std::size_t depth);
  void refuse(const std::string& reason);

  Context& context_;
  Mirror mirror_;
  State state_ = State::kUnknown;
  std::string cluster_id_;
  bool newer_format_ = false;
  std::optional<std::string> complaint_;
  std::optional<std::string> confirming_;  // another cluster id was read; a sync was sent
  int creations_ = 0;                      // of ancestors in this look
  std::size_t pending_directories_ = 0;
};

}  // namespace chorale::coordination
