// The ground that everything else stands on: the root with its cluster id, and the four directories. Pure; loop thread.
//
// Creates what is missing, again and again: an operator may delete the tree, an ensemble may come back empty. It never
// deletes and never overwrites, except a root without any data, as `zkCli create /chorale ""` leaves it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordination/context.h"

namespace chorale::coordination {

class Tree {
 public:
  //  kUnknown --root read, all directories listed--> kReady
  //     ^  \--missing--> created, read again            |
  //     |   \--cannot be read--> kRefused --timer--+    | something is gone
  //     +------------------------------------------+----+
  enum class State { kUnknown, kReady, kRefused };

  explicit Tree(Context& context) : context_(context) {}

  // A new session: nothing is known but which cluster this was.
  void reset();
  // Reconnected, a watch fired, or somebody met a missing parent.
  void suspect() { dirty_ = true; }
  void drive();

  [[nodiscard]] bool ready() const { return state_ == State::kReady; }
  // Empty until it was read once. It changes when another one, confirmed after a sync, took its place: a new lineage.
  [[nodiscard]] const std::string& cluster_id() const { return cluster_id_; }
  // Why the tree cannot be used, or empty.
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

 private:
  void read_root();
  void on_root(Reply<ReadNode> reply);
  void on_cluster_id(std::string cluster_id);
  void confirm_other_cluster(const std::string& seen);
  void list_directories();
  void on_directories(Reply<ListChildren> reply);
  // Creates the ancestors of the root from the deepest that exists, then the root.
  void create_root(std::size_t depth);
  void look_again(std::chrono::milliseconds delay);
  void refuse(const std::string& reason);

  Context& context_;
  State state_ = State::kUnknown;
  std::string cluster_id_;
  std::string complaint_;
  bool dirty_ = true;
  bool busy_ = false;
  std::optional<std::string> confirming_;  // another cluster id was read; a sync was sent
  int creations_ = 0;                      // of ancestors in this attempt
  std::size_t pending_directories_ = 0;
  TimePoint next_look_;
};

}  // namespace chorale::coordination
