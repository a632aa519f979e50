// A relay on 127.0.0.1 in front of a server: the network cable of a test. Its own thread does the copying; every public
// function may be called on any thread and has taken effect when it returns.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "tests/harness/loopback.h"

namespace chorale::testing {

class TcpRelay {
 public:
  explicit TcpRelay(std::uint16_t target_port);
  ~TcpRelay();
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_of(listener_); }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port()); }

  // Ends every connection; new ones are ended at once until heal().
  void cut();
  void heal();
  // What the server sends is thrown away, what the client sends goes on: requests happen, answers are lost.
  void swallow_replies(bool swallow);

 private:
  struct Pair {
    Socket client;
    Socket server;
  };

  void run();
  void accept_one();
  [[nodiscard]] bool copy(const Socket& from, const Socket& to, bool swallow) const;

  const std::uint16_t target_port_;
  Socket listener_ = listen_on_any_port();
  std::mutex mutex_;  // held for every turn of the thread, so that a function's effect is complete when it returns
  std::list<Pair> pairs_;
  bool cut_ = false;
  bool swallow_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace chorale::testing
