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
  // `changed` is called when state() is another one; load() does not call it.
  LastRoutes(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const std::string& state_dir,
             std::function<void()> changed);
  LastRoutes(const LastRoutes&) = delete;
  LastRoutes& operator=(const LastRoutes&) = delete;

  // Blocking; before the loop runs. A file that cannot be read counts as absent.
  void load();
  // This revision is about to be applied; nothing is kept until applied() names it.
  void wanted(const coordination::Identity& identity, std::shared_ptr<const std::string> routes_json);
  void applied(const coordination::Identity& identity);

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
  std::function<void()> changed_;
};

}  // namespace chorale::agent
