// Runs the pure Coordinator on a real Store, and hands its effects for the agent on. Loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "agent/base/event_queue.h"
#include "agent/daemon/store_runner.h"
#include "coordination/coordinator.h"
#include "coordination/store.h"

namespace chorale::agent {

class CoordinationShell {
 public:
  // Performs the effects for the agent, in order. May call post().
  using Handler = std::function<void(coordination::AgentEffect)>;

  CoordinationShell(boost::asio::io_context& loop, std::unique_ptr<coordination::Store> store,
                    coordination::CoordinatorOptions options, Handler handler);
  CoordinationShell(const CoordinationShell&) = delete;
  CoordinationShell& operator=(const CoordinationShell&) = delete;

  // To be told of every change of ZooKeeper's session, before the machine is.
  void on_session(std::function<void(coordination::SessionState)> observer) { on_session_ = std::move(observer); }

  void start(coordination::Started started) { runner_.start(std::move(started)); }
  // Steps the machine with this event now, or after the event being handled.
  void post(coordination::Event event) { events_.post(std::move(event)); }
  // Ends the session; nothing is handed to the handler afterwards.
  void close();

  [[nodiscard]] coordination::Store& store() { return runner_.store(); }
  [[nodiscard]] coordination::Description describe() const { return coordinator_.describe(); }

 private:
  void handle(const coordination::Event& event);

  coordination::Coordinator coordinator_;
  Handler handler_;
  std::function<void(coordination::SessionState)> on_session_;
  EventQueue<coordination::Event> events_;
  StoreRunner runner_;
};

}  // namespace chorale::agent
