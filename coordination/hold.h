// An operator's hold at <root>/hold, for the leader: what it means, and whether that can be published. Pure; loop
// thread only.
//
// A hold that cannot be read, that names what is not kept, damaged, or made under another policy, holds what is
// committed, and says why: an operator who asked for a freeze gets one. Nothing is decided here about what is
// committed; `held` in the state, which the publisher writes, says what is in force.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "coordination/content_cache.h"
#include "coordination/documents.h"
#include "coordination/fetch.h"
#include "coordination/mirror.h"
#include "coordination/pool_policy.h"

namespace chorale::coordination {

class Hold {
 public:
  //  kUnknown --no znode, or it was released--> kNone
  //     |  ^
  //     |  '--another text stands there, or it cannot be asked for (only while nothing of it is known)
  //     |--its revision's manifest was read--> kFound --not complete, another policy--+
  //     '--"current", cannot be read, not kept--> kCommitted <------------------------+
  enum class State { kUnknown, kNone, kFound, kCommitted };

  Hold(Context& context, ContentCache& cache, const PoolPolicy& policy)
      : context_(context), mirror_(context, "hold"), content_(context, cache, "hold"), policy_(policy) {}

  // A leadership begins or ends.
  void reset();
  void suspect() { mirror_.suspect(); }
  // REQUIRES: this agent leads. `committed`: as the fence knows it.
  void drive(const std::optional<RevisionHeader>& committed);

  [[nodiscard]] State state() const { return state_; }
  // It was read in this leadership: until then nothing is proposed.
  [[nodiscard]] bool known() const { return known_; }
  // There is one, in force or not: nothing else is published. Where nothing was ever committed there is nothing to
  // hold.
  [[nodiscard]] bool wanted(const std::optional<RevisionHeader>& committed) const;
  // What is to stand in the state's `held`. nullopt: no hold is in force. `stands`: what stands there now; it is what
  // is to stand there too as long as it is not known what a hold means.
  [[nodiscard]] std::optional<HoldDocument> held(const std::optional<HoldDocument>& stands,
                                                 const std::optional<RevisionHeader>& committed) const;
  // The files to be published, which are not what is committed; no manifest: what is committed has them.
  [[nodiscard]] Content content() const;
  // Who released what was held last; empty: nobody has, or nobody said so.
  [[nodiscard]] const std::string& released_by() const { return released_by_; }

 private:
  void on_checked(const Reply<CheckNode>& reply);
  void on_read(const Reply<ReadNode>& reply);
  void understand(HoldDocument hold);
  void on_listed(const Reply<ListChildren>& reply);
  void read_manifest(const Path& path);
  void on_manifest(const Path& path, const Reply<ReadNode>& reply);
  void find_content(const std::optional<RevisionHeader>& committed);
  void ask_again(const Error& error);
  void settle(State state);
  // Holds what is committed instead.
  void hold_committed(const std::string& why);
  void fall_back(const std::string& why);  // and the look is over

  Context& context_;
  Mirror mirror_;
  Fetch content_;
  const PoolPolicy& policy_;
  State state_ = State::kUnknown;
  bool known_ = false;
  bool there_ = false;          // the znode, and nobody has released it
  std::int64_t read_zxid_ = 0;  // of the text that is known; 0: none is
  HoldDocument asked_;          // what stands in the znode
  Identity identity_;           // while kFound
  PolicyValues found_policy_;   // of it
  std::string error_;           // while kCommitted: why not what was asked for
  std::string since_;
  std::string released_by_;
};

}  // namespace chorale::coordination
