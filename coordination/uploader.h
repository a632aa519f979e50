// Uploads one revision's chunks and manifest, all at once, and waits for every reply. Pure; loop thread
// only.
//
// Everything it writes is named by what it is, so that a repeated create is harmless. It never touches the state.
//
// That a znode exists proves neither what it holds nor that it stays. A manifest that exists is compared. A chunk that
// exists, and is neither this leadership's own nor a part of what was committed when it began, is written once more:
// its text is right then, and an earlier leader, which may not know yet that it is deposed, cannot delete it any more,
// since it would do so with an older version (collector.h).
#pragma once

#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coordination/content_cache.h"
#include "coordination/context.h"

namespace chorale::coordination {

class Uploader {
 public:
  //  kIdle --start()--> kUploading --every reply--> kDone
  //                        |--another manifest has the number--> kCollision: burn it
  //                        '--refused (rights, size)--> kFailed
  enum class State { kIdle, kUploading, kDone, kCollision, kFailed };

  explicit Uploader(Context& context) : context_(context), upload_("uploader"), leadership_("uploader") {}

  // A leadership begins or is over: what is known to exist is forgotten, because only the leader deletes chunks.
  void reset();
  void start(const Content& content);
  void drive();
  // What was committed when this leadership began: those of its chunks that exist need not be sent again.
  void rely_on(const Content& committed);
  // From now on it is noted what is stored, beginning with what it stores or has stored last.
  void watch_uses();
  // The chunk or manifest was used since.
  [[nodiscard]] bool uses(std::string_view name) const { return used_.count(name) > 0; }
  // The chunk may not exist, or be another's by now.
  void forget(const std::string& digest) { known_.erase(digest); }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  struct Item {
    Path path;
    std::string_view text;  // into content_ or manifest_text_
    bool manifest = false;
  };

  void send(const Item& item);
  void on_created(const Item& item, const Reply<CreateNode>& reply);
  void compare_manifest(const Item& item);
  void claim_chunk(const Item& item);
  void write_chunk(const Item& item, Version expected);
  void again(const Item& item);
  void refuse(const Item& item, const Error& error);
  void store(const Item& item);
  void note_use();
  void end();

  Context& context_;
  Scope upload_;      // one revision
  Scope leadership_;  // one leadership
  State state_ = State::kIdle;
  Content content_;  // keeps the texts alive
  std::string manifest_text_;
  std::deque<Item> waiting_;
  std::size_t in_flight_ = 0;
  std::set<std::string, std::less<>> known_;  // chunk digests that exist, and that no other leader deletes
  std::set<std::string, std::less<>> used_;   // chunks and manifests, since watch_uses()
  State outcome_ = State::kDone;              // the worst answer so far
  std::string reason_;
  TimePoint retry_at_;
};

}  // namespace chorale::coordination
