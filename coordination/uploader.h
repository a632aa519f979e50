// Uploads one revision's chunks and manifest, all at once, and waits for every reply. Pure; loop thread
// only.
//
// Everything it writes is immutable and named by what it is, so that a repeated create is harmless and "exists" is
// success; only a manifest that exists is read back, since its name is a number. It never touches the state.
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

  // The leadership is over: what is known to exist is forgotten with it, because only the leader deletes chunks.
  void reset();
  void start(const Content& content);
  void drive();
  // Asks once which chunks exist, so that a new leader need not send the whole state again.
  void begin_leadership();
  // An agent could not find `what` (a chunk's digest or a manifest's name): put it again, if it belongs to `content`.
  void put_again(const Content& content, const std::string& what);

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
  void again(const Item& item);
  void settle(State state);

  Context& context_;
  Scope upload_;      // one revision
  Scope leadership_;  // one leadership
  State state_ = State::kIdle;
  Content content_;  // keeps the texts alive
  std::string manifest_text_;
  std::deque<Item> waiting_;
  std::size_t in_flight_ = 0;
  std::set<std::string, std::less<>> known_;  // chunk digests that exist
  State outcome_ = State::kDone;              // the worst answer so far
  std::string reason_;
  TimePoint retry_at_;
};

}  // namespace chorale::coordination
