#include "tests/marathon_simulator/echo.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace chorale::marathon_simulator {

namespace asio = boost::asio;
using boost::system::error_code;

void UpgradedConnection::start(std::string greeting) { write(std::move(greeting)); }

void UpgradedConnection::close() {
  error_code ignored;
  socket_.close(ignored);
}

void UpgradedConnection::write(std::string text) {
  out_ = std::move(text);
  asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
    if (!error) self->read();
  });
}

void UpgradedConnection::read() {
  socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](error_code error, std::size_t size) {
    if (!error) self->write({self->in_.data(), size});
  });
}

bool DatagramEcho::open(const asio::ip::udp::endpoint& endpoint) {
  error_code error;
  socket_.open(endpoint.protocol(), error);
  if (!error) socket_.bind(endpoint, error);
  if (error) return false;
  read();
  return true;
}

void DatagramEcho::close() {
  error_code ignored;
  socket_.close(ignored);
}

void DatagramEcho::read() {
  socket_.async_receive_from(asio::buffer(in_), peer_, [self = shared_from_this()](error_code error, std::size_t size) {
    if (!self->socket_.is_open()) return;
    error_code ignored;  // a datagram may be lost
    if (!error) {
      const std::string answer = self->name_ + " " + std::string(self->in_.data(), size);
      self->socket_.send_to(asio::buffer(answer), self->peer_, 0, ignored);
    }
    self->read();
  });
}

}  // namespace chorale::marathon_simulator
