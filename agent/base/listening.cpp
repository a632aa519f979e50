#include "agent/base/listening.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>

namespace chorale::agent {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

error_code listen_on(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && address.is_v6() && address.is_unspecified()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

error_code try_to_listen(const tcp::endpoint& endpoint) {
  asio::io_context loop;
  tcp::acceptor acceptor(loop);
  return listen_on(acceptor, endpoint);
}

}  // namespace chorale::agent
