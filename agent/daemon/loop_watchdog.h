// Watches the loop: a heartbeat that measures how late the loop is, and a watchdog that ends a hung process.
//
// A hung agent must not stay alive: the ZooKeeper client's own threads would keep its session, and with it its
// leadership, forever. The watchdog counts its own wake-ups rather than reading a clock, so that a process that was
// stopped and resumed as a whole (SIGSTOP, a paused VM) is not taken for a hung loop.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <thread>

namespace chorale::agent {

class LoopWatchdog {
 public:
  using DelayObserver = std::function<void(std::chrono::milliseconds)>;

  // `limit`: how long the loop may be silent (2/3 of the session timeout). `on_delay` gets every beat's lateness.
  LoopWatchdog(boost::asio::io_context& loop, std::chrono::milliseconds limit, DelayObserver on_delay);
  ~LoopWatchdog();
  LoopWatchdog(const LoopWatchdog&) = delete;
  LoopWatchdog& operator=(const LoopWatchdog&) = delete;

 private:
  void beat();
  void watch(std::chrono::milliseconds limit);

  boost::asio::steady_timer timer_;
  DelayObserver on_delay_;
  std::atomic<std::uint64_t> beats_{0};
  std::atomic<bool> stopping_{false};
  std::thread watcher_;
};

}  // namespace chorale::agent
