// The listener: accepts connections on one port that stays the same when it is closed and opened again. Loop thread
// only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tests/marathon_simulator/connection.h"

namespace chorale::marathon_simulator {

class Server {
 public:
  Server(boost::asio::io_context& io, RequestHandler handler, ByteCounter sent);

  // Port 0 is replaced by the one that the system chose.
  tl::expected<std::uint16_t, std::string> open(const std::string& address, std::uint16_t port);
  // As if the process were gone: no listener, and every connection but the control API's is cut.
  void stop();
  tl::expected<std::uint16_t, std::string> resume();
  [[nodiscard]] bool accepting() const { return acceptor_.is_open(); }

 private:
  void accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  boost::asio::ip::tcp::endpoint endpoint_;
  RequestHandler handler_;
  ByteCounter sent_;
  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace chorale::marathon_simulator
