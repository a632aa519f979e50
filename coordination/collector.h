// Deletes what nothing names any more: revisions and their chunks. Pure; loop thread only.
//
// Driven by the leader during a leadership. What is named: the last keep_revisions of the chain that begins with what
// is committed, what the uploader stores or has stored since the pass began, what a hold names, and what `template`
// names. What two passes, collect_interval apart, find unnamed and unchanged is deleted, with the version that was
// read.
//
// A leader may be deposed and not know it yet. So versions are read first, then the state: if its own term stands
// there, no later leader had begun when they were read, and what a later one has used since has a higher version
// (uploader.h). Within a leadership the order of requests is enough: what is about to be deleted is forgotten by the
// uploader with the same step, and created anew after it.
//
// A pass that cannot read what it needs deletes nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordination/documents.h"
#include "coordination/fence.h"
#include "coordination/tree_survey.h"
#include "coordination/uploader.h"

namespace chorale::coordination {

class Collector {
 public:
  //  kResting --due--> kSurveying --own term--> kNaming --own term--> kDeleting --all answered--+
  //     ^                  |                       |                                            |
  //     +------------------+-- cannot be read, or another's term                                |
  //     +---------------------------------------------------------------------------------------+
  enum class State { kResting, kSurveying, kNaming, kDeleting };

  Collector(Context& context, Uploader& uploader, const Fence& fence);

  // The leadership is over.
  void reset();
  void begin_leadership();
  // REQUIRES: a leadership.
  void drive();

  [[nodiscard]] State state() const { return state_; }
  // The tree, as the last pass has left it.
  [[nodiscard]] const std::optional<TreeSize>& size() const { return size_; }

 private:
  using Names = std::set<std::string, std::less<>>;

  void begin_pass();
  void read_state(std::function<void(const StateDocument&)> then);
  void name_all(const StateDocument& state);
  void read_hold();
  void read_template();
  void read_chain(const Identity& identity, int left);
  void on_chain(const Identity& identity, int left, const Reply<ReadNode>& reply);
  void read_held();
  void read_next_held();
  void keep(const Manifest& manifest);
  void confirm();
  void mark();
  void delete_next();
  void delete_manifest(const Path& path);
  void remove(const Path& path);
  void spare_chunks(const Path& newer);
  [[nodiscard]] bool is_chunk(const Path& path) const;
  [[nodiscard]] bool is_manifest(const Path& path) const;
  void deleted(const Path& path, const Error* error);
  void answered(const Path& path);
  void end_pass();
  void fail(const Error& error);
  void give_up(const std::string& why);
  [[nodiscard]] bool is_unnamed(const Path& path) const;

  Context& context_;
  Scope scope_;
  Uploader& uploader_;
  const Fence& fence_;
  TreeSurvey survey_;
  State state_ = State::kResting;
  TimePoint due_at_;
  std::optional<Identity> committed_;  // when the pass began to name
  std::vector<HoldDocument> holds_;    // the one in force, and the operator's, which may be another by now
  struct Pass {
    std::string template_text;
    Names named;               // chunks and manifests
    std::deque<Path> to_read;  // manifests that a hold names
    std::deque<Path> doomed;   // in the order of deletion: manifests before chunks
    std::int64_t collected = 0;
  };
  Pass pass_;
  std::map<Path, Version> marked_;  // what the last pass found unnamed
  std::size_t in_flight_ = 0;
  std::size_t manifests_in_flight_ = 0;  // of them
  TreeSize left_;                        // as this pass finds it, less what it deletes
  std::optional<TreeSize> size_;
  std::string complaint_;
};

}  // namespace chorale::coordination
