#include "tests/marathon_simulator/server.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace chorale::marathon_simulator {

namespace asio = boost::asio;
using boost::system::error_code;

Server::Server(asio::io_context& io, RequestHandler handler, ByteCounter sent)
    : acceptor_(io), pause_(io), handler_(std::move(handler)), sent_(std::move(sent)) {}

tl::expected<std::uint16_t, std::string> Server::open(const std::string& address, std::uint16_t port) {
  error_code error;
  endpoint_ = {asio::ip::make_address(address, error), port};
  if (error) return tl::make_unexpected("listen address " + address + ": " + error.message());
  return resume();
}

tl::expected<std::uint16_t, std::string> Server::resume() {
  if (acceptor_.is_open()) return endpoint_.port();
  error_code error;
  acceptor_.open(endpoint_.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint_, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    error_code ignored;
    acceptor_.close(ignored);
    return tl::make_unexpected("listen on port " + std::to_string(endpoint_.port()) + ": " + error.message());
  }
  endpoint_ = acceptor_.local_endpoint();
  accept();
  return endpoint_.port();
}

void Server::accept() {
  acceptor_.async_accept([this](error_code error, asio::ip::tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) {
      const auto connection = std::make_shared<Connection>(std::move(socket), handler_, sent_);
      connections_.erase(
          std::remove_if(connections_.begin(), connections_.end(), [](const auto& weak) { return weak.expired(); }),
          connections_.end());
      connections_.push_back(connection);
      connection->start();
    }
    if (error) {
      // Out of descriptors, most likely: the next attempt would fail as fast as this one.
      pause_.expires_after(std::chrono::milliseconds(20));
      pause_.async_wait([this](error_code stopped) {
        if (!stopped && acceptor_.is_open()) accept();
      });
      return;
    }
    if (acceptor_.is_open()) accept();
  });
}

void Server::stop() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  for (const auto& weak : connections_) {
    const auto connection = weak.lock();
    if (connection && !connection->is_control()) connection->cut(true);
  }
}

}  // namespace chorale::marathon_simulator
