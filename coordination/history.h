// Keeps <root>/history while this agent leads: beside the path of a change, at most once a second. Pure; loop thread
// only.
//
// Nothing rests on it: what cannot be read is begun anew, what cannot be written is lost with the leadership. The next
// leader completes it: of the commit that it starts from it writes what the state says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordination/context.h"
#include "coordination/documents.h"
#include "coordination/history_document.h"
#include "coordination/roster.h"

namespace chorale::coordination {

class History {
 public:
  //  kUnread --begin(), add()--> kReading --> kRead --something is new, a second after the last--> kWriting --> kRead
  //     ^                           |                                                                  |
  //     '---------------------------'------ the reply was lost, or another version stands there -------'
  enum class State { kUnread, kReading, kRead, kWriting };

  History(Context& context, const Roster& roster) : context_(context), scope_("history"), roster_(roster) {}

  // A leadership ends, and with it what is not written yet.
  void reset();
  // A leadership begins with this committed; it stands there, or its leader died before it could write that.
  void begin(const RevisionHeader& committed, const std::optional<HoldDocument>& held);
  // It was committed now.
  void add(HistoryEntry entry);
  // `own`: what this agent has applied.
  void drive(const std::optional<Identity>& own);

 private:
  void await_all(const std::optional<Identity>& own);
  void read();
  void on_read(const Reply<ReadNode>& reply);
  void take(const std::string& text);
  void write();
  void fail(const Error& error);
  [[nodiscard]] std::vector<HistoryEntry> all() const;

  Context& context_;
  Scope scope_;
  const Roster& roster_;
  State state_ = State::kUnread;
  std::vector<HistoryEntry> earlier_;      // as they stood there, newest first
  std::vector<HistoryEntry> own_;          // of this leadership, newest first
  std::optional<Version> version_;         // of what stands there
  std::optional<HistoryEntry> inherited_;  // what the leadership began with, until it was looked for
  bool changed_ = false;
  TimePoint not_before_;
  std::optional<TimePoint> committed_at_;  // of the newest, while not all have applied it
  std::string complaint_;
};

}  // namespace chorale::coordination
