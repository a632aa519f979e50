// A server that sends back what it gets, by TCP or UDP, and takes an upgrade to a websocket. For templates that pass
// more than requests on. It has a thread of its own and ends with this object.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "tests/harness/loopback.h"

namespace chorale::testing {

class EchoServer {
 public:
  // By TCP: what begins with "GET " is a handshake, answered by 101 and "<name> open\n" if it asks for an upgrade to a
  // websocket as a proxy passes it on, else by 400; all else by "<name> " and itself. By UDP: the latter.
  EchoServer(std::string name, const std::string& address, std::uint16_t port, bool udp = false);
  ~EchoServer();
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  [[nodiscard]] bool listens() const { return listens_; }

 private:
  void serve(const std::stop_token& stop);
  void serve_udp();
  [[nodiscard]] std::string answer_to(const std::string& received) const;

  std::string name_;
  bool udp_;
  Socket socket_;
  bool listens_ = false;
  std::jthread thread_;
};

// A text there and what comes back first, on a new connection to 127.0.0.1; "" if nothing does within two seconds.
[[nodiscard]] std::string ask_by_tcp(std::uint16_t port, const std::string& text);
// One datagram there and back from 127.0.0.1; "" if nothing comes within a second.
[[nodiscard]] std::string ask_by_udp(std::uint16_t port, const std::string& text);

}  // namespace chorale::testing
