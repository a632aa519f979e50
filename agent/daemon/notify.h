// What this agent tells systemd: sd_notify's datagrams, without its library. Loop thread only (except send()).
//
// READY=1 means: the admin API listens and Nginx's file was looked at. It never waits for ZooKeeper or Marathon,
// because a proxy must start while they are down. WATCHDOG=1 comes from the loop's own timer and from nowhere else: a
// hung loop falls silent, no matter what other threads do. Without a service manager all of this does nothing, and
// nothing here ever fails or blocks the agent: what cannot be sent now is sent later, or is out of date by then.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "agent/base/types.h"
#include "agent/base/unique_fd.h"
#include "agent/core/health.h"
#include "coordination/loop_thread.h"

namespace chorale::agent {

// What the service manager left in the environment.
struct NotifyEnvironment {
  std::string socket;                     // a path, or '@' and an abstract name; empty: no service manager
  std::chrono::microseconds watchdog{0};  // WATCHDOG_USEC; 0: no watchdog, or another process's
};

// Ensures: NOTIFY_SOCKET and WATCHDOG_* are gone from the environment, so that a child (`nginx -t`) can neither speak
// for the agent nor take its watchdog. REQUIRES: no other thread runs yet.
[[nodiscard]] NotifyEnvironment take_notify_environment();

// One datagram socket. An address that cannot be used counts as none.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& address);

  // True if the datagram was taken, or there is no service manager. Never blocks.
  bool send(std::string_view datagram) const;  // NOLINT(modernize-use-nodiscard): a datagram may be lost

 private:
  UniqueFd socket_;
  sockaddr_un address_{};
  socklen_t length_ = 0;
};

class Notifier {
 public:
  Notifier(boost::asio::io_context& loop, const NotifyEnvironment& environment);
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // From now on the watchdog is fed, three times in its interval.
  void ready(const std::string& line, TimePoint now);
  // The line that `systemctl status` shows. Sent when it differs from the last one, at most once a second; call it at
  // least that often with the current line.
  void status(const std::string& line, TimePoint now);
  void stopping(const std::string& line);

 private:
  void flush();
  void feed_watchdog();

  NotifySocket socket_;
  std::chrono::microseconds watchdog_;
  boost::asio::steady_timer timer_;
  bool ready_owed_ = false;
  std::string status_owed_;  // a whole STATUS= line, or nothing
  std::string status_sent_;
  TimePoint status_sent_at_{};
  coordination::LoopThread thread_;
};

// "follower of proxy-2, serving 7.41, ok". Pure.
[[nodiscard]] std::string status_line(const HealthInputs& inputs, const HealthVerdict& verdict);

}  // namespace chorale::agent
