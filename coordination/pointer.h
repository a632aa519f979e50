// What <root>/state says, as far as this agent has read it: the one place that watches it. Pure; loop thread only.
//
// It only reads. Who may write, and at which version, is decided in fence.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "coordination/mirror.h"

namespace chorale::coordination {

class Pointer {
 public:
  // kForeign: it can be read, but names another cluster than the root does; it is ignored and reported.
  enum class State { kUnknown, kAbsent, kUnreadable, kForeign, kRead };

  explicit Pointer(Context& context) : context_(context), mirror_(context, "state") {}

  void reset();
  void suspect() { mirror_.suspect(); }
  void drive(bool root_ready, const std::string& cluster_id);
  // What this agent's own write has put there: the same as reading it, a round trip earlier.
  void wrote(const StateDocument& document, const Stat& stat);
  // Another lineage: what was read belongs to the old one.
  void forget();

  [[nodiscard]] State state() const { return state_; }
  // The last state of this lineage that was read, kept while disconnected; nullptr before the first.
  [[nodiscard]] const StateDocument* document() const { return document_ ? &*document_ : nullptr; }
  [[nodiscard]] Version version() const { return stat_.version; }
  // Counts answered reads: to know that nothing has changed is to wait for a later one.
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  // The highest numbers ever seen in this process: the next leadership is above them even if the tree went back.
  [[nodiscard]] Epoch highest_epoch() const { return highest_epoch_; }
  [[nodiscard]] Revision highest_revision() const { return highest_revision_; }
  // What was read last is of a format that this agent does not read: it must neither lead nor write.
  [[nodiscard]] bool newer_format() const { return newer_format_; }
  // Why it cannot be used.
  [[nodiscard]] const std::optional<std::string>& complaint() const { return complaint_; }
  [[nodiscard]] const Mirror& mirror() const { return mirror_; }

 private:
  void on_read(Reply<ReadNode> reply);
  void watch_absent();
  void accept(const StateDocument& document, const Stat& stat);
  void refuse(State state, const std::string& reason);

  Context& context_;
  Mirror mirror_;
  State state_ = State::kUnknown;
  std::optional<StateDocument> document_;
  Stat stat_;
  bool overtaken_ = false;  // the look under way was sent before an own write was answered
  std::uint64_t reads_ = 0;
  std::string cluster_id_;
  Epoch highest_epoch_;
  Revision highest_revision_;
  bool newer_format_ = false;
  std::optional<std::string> complaint_;
};

}  // namespace chorale::coordination
