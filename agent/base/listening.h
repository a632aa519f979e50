// How this project listens on TCP, for a server and for whoever asks whether one could.
#pragma once

#include <boost/asio/ip/tcp.hpp>

namespace chorale::agent {

// Opens, binds and listens; an address that was in use a moment ago is taken, and "::" is every IPv4 address as well.
// On an error the acceptor may be open.
[[nodiscard]] boost::system::error_code listen_on(boost::asio::ip::tcp::acceptor& acceptor,
                                                  const boost::asio::ip::tcp::endpoint& endpoint);
// No error: the port is free, and is free again afterwards.
[[nodiscard]] boost::system::error_code try_to_listen(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace chorale::agent
