// The routing state that this proxy serves, kept in state_dir across restarts. Loop thread only; I/O on the worker
// pool.
//
// For /v1/config, and as the leader's baseline where ZooKeeper holds no committed state (a wiped ensemble).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/worker.h"
#include "coordination/types.h"
#include "render/routing_state.h"

namespace chorale::agent {

class LastRoutes {
 public:
  // Called when state() is that of another revision, `difference` being what it has otherwise than the one before, as
  // render::difference_line() says it; nullopt: it cannot be said. load() does not call it.
  using Changed =
      std::function<void(const coordination::Identity& identity, const std::optional<std::string>& difference)>;
  LastRoutes(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const std::string& state_dir,
             Changed changed);
  LastRoutes(const LastRoutes&) = delete;
  LastRoutes& operator=(const LastRoutes&) = delete;

  // Blocking; before the loop runs. A file that cannot be read counts as absent.
  void load();
  // This revision is about to be applied; nothing is kept until applied() names it.
  void wanted(const coordination::Identity& identity, std::shared_ptr<const std::string> routes_json);
  // True: `changed` will be called for it, or for a newer one that takes its place. False: nothing is known of it.
  bool applied(const coordination::Identity& identity);
  // Of what was applied before the start, or whose keeping a crash cut off: what stands in ZooKeeper. Nothing where
  // these or newer ones are known.
  void found(const coordination::Identity& identity, std::string routes_json);
  // It is of these, or they are being kept.
  [[nodiscard]] bool knows(const coordination::Identity& identity) const { return applied_ == identity; }

  [[nodiscard]] const std::shared_ptr<const render::RoutingState>& state() const { return state_; }
  // Which revision they are of; nullopt: they were loaded.
  [[nodiscard]] const std::optional<coordination::Identity>& identity() const { return identity_; }
  // Since when, in seconds since 1970; 0: not known.
  [[nodiscard]] std::int64_t kept_at() const { return kept_at_; }

 private:
  void keep_next();

  Worker worker_;
  std::string file_;
  coordination::Identity wanted_;
  coordination::Identity applied_;  // whose the text below is
  std::shared_ptr<const std::string> wanted_text_;
  std::shared_ptr<const std::string> applied_text_;  // to be kept next
  bool keeping_ = false;                             // one at a time: an older one must not overwrite a newer one
  std::shared_ptr<const render::RoutingState> state_;
  std::optional<coordination::Identity> identity_;
  std::int64_t kept_at_ = 0;
  Changed changed_;
};

}  // namespace chorale::agent
