// What an agent cannot find, or finds forged: looked at, deleted if it is wrong, and put again if its text is known.
// And what is committed, when somebody deletes it: agents that have applied it miss nothing, but people and fresh
// proxies could not read it. Its manifest is watched; its chunks are looked for whenever that is read again. Pure; loop
// thread only.
//
// Driven by the publisher during a leadership. An agent lists in its znode what it lacks, after it has read the state
// once more; that it says so proves nothing: the znode itself is read before anything is done to it, and deleted with
// the version that was read.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "coordination/content_cache.h"
#include "coordination/context.h"
#include "coordination/mirror.h"
#include "coordination/uploader.h"

namespace chorale::coordination {

class Repairs {
 public:
  // What may be put again: what is committed, and what is being proposed; without a manifest there is none.
  Repairs(Context& context, Uploader& uploader, const Content& committed, const Content& proposed)
      : context_(context),
        scope_("repairs"),
        manifest_(context, "committed manifest"),
        uploader_(uploader),
        committed_(committed),
        proposed_(proposed) {}

  void reset();
  // `what`: the digest of a chunk or the name of a manifest; anything else is ignored. Not more often than once in
  // kRepairPause.
  void report(const std::string& what);
  // A watch on a manifest has fired, or may have fired unheard.
  void suspect_manifest() { manifest_.suspect(); }
  void drive();

 private:
  void watch_manifest();
  // Of what is committed: the chunks that are not among these.
  void report_absent(const std::set<std::string_view>& chunks);
  void look(const std::string& what);
  void on_read(const std::string& what, const Reply<ReadNode>& reply);
  void put(const std::string& what);
  void end();
  [[nodiscard]] Path path_of(const std::string& what) const;
  [[nodiscard]] bool is_right(const std::string& what, const std::string& text) const;
  [[nodiscard]] const Manifest* known_manifest(const std::string& name) const;
  [[nodiscard]] std::optional<std::string> known_text(const std::string& what) const;

  Context& context_;
  Scope scope_;
  Mirror manifest_;  // of what is committed
  Path watched_;     // that manifest
  Uploader& uploader_;
  const Content& committed_;
  const Content& proposed_;
  std::map<std::string, TimePoint> not_before_;
  std::deque<std::string> waiting_;
  std::size_t in_flight_ = 0;
};

}  // namespace chorale::coordination
