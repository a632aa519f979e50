#include "tests/marathon_simulator/connection.h"

#include <algorithm>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace chorale::marathon_simulator {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds kIdleLimit{30};
constexpr std::chrono::milliseconds kSlowTick{50};
constexpr std::uint64_t kBodyLimit = 64U * 1024 * 1024;

}  // namespace

struct Connection::Parsing {
  boost::beast::flat_buffer buffer;
  std::optional<http::request_parser<http::string_body>> parser;
};

Connection::Connection(asio::ip::tcp::socket socket, RequestHandler handler, ByteCounter sent)
    : socket_(std::move(socket)),
      handler_(std::move(handler)),
      sent_(std::move(sent)),
      timer_(socket_.get_executor()),
      parsing_(std::make_unique<Parsing>()) {}

Connection::~Connection() = default;

void Connection::start() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  read_request();
}

void Connection::arm_idle_timer() {
  if (control_) return;
  timer_.expires_after(kIdleLimit);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    if (error) return;
    if (const auto self = weak.lock()) self->cut(false);
  });
}

void Connection::read_request() {
  parsing_->parser.emplace();
  parsing_->parser->body_limit(kBodyLimit);
  arm_idle_timer();
  http::async_read(socket_, parsing_->buffer, *parsing_->parser,
                   [self = shared_from_this()](error_code error, std::size_t) {
                     self->timer_.cancel();
                     if (!error) {
                       self->on_request();
                     } else if (error != asio::error::operation_aborted && error != http::error::end_of_stream) {
                       self->cut(false);
                     }
                   });
}

void Connection::on_request() {
  auto& message = parsing_->parser->get();
  request_ = {};
  request_.method = std::string(message.method_string());
  parse_target(std::string(message.target()), request_);
  for (const auto& field : message) {
    request_.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                                  std::string(field.value()));
  }
  request_.body = std::move(message.body());
  request_.keep_alive = message.keep_alive();
  error_code error;
  const auto remote = socket_.remote_endpoint(error);
  request_.remote_address = error ? "unknown" : remote.address().to_string();
  const auto self = shared_from_this();
  const Request request = request_;  // the handler may end this connection
  handler_(request, self);
}

void Connection::respond(Response response) {
  if (!socket_.is_open()) return;
  switch (response.delivery) {
    case Delivery::kReset:
      cut(true);
      return;
    case Delivery::kNever:
      wait_for_hang_up();
      return;
    case Delivery::kTruncated: {
      auto text = serialize(response, request_.method == "HEAD", true);
      text.resize(text.size() - std::min(text.size(), response.body.size() / 2 + 1));
      write(std::move(text), true);
      return;
    }
    case Delivery::kSlow:
      bytes_per_second_ = std::max<std::size_t>(1, response.bytes_per_second);
      out_ = serialize(response, request_.method == "HEAD", false);
      write_slowly(0);
      return;
    case Delivery::kWhole:
      write(serialize(response, request_.method == "HEAD", request_.keep_alive), !request_.keep_alive);
      return;
  }
}

void Connection::write(std::string text, bool then_close) {
  out_ = std::move(text);
  close_after_write_ = then_close;
  asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t size) {
    self->sent_(size);
    if (error || self->close_after_write_) {
      self->cut(false);
    } else {
      self->read_request();
    }
  });
}

void Connection::write_slowly(std::size_t at) {
  if (at >= out_.size()) {
    cut(false);
    return;
  }
  // Pieces that make up the rate at twenty ticks a second, at the slowest one byte for each due moment.
  const std::size_t piece = std::max<std::size_t>(1, bytes_per_second_ / 20);
  const std::size_t size = std::min(piece, out_.size() - at);
  const auto pause =
      std::max<std::chrono::milliseconds>(kSlowTick, std::chrono::milliseconds(1000 * size / bytes_per_second_));
  asio::async_write(socket_, asio::buffer(out_.data() + at, size),
                    [self = shared_from_this(), at, pause](error_code error, std::size_t sent) {
                      self->sent_(sent);
                      if (error) return self->cut(false);
                      self->timer_.expires_after(pause);
                      self->timer_.async_wait([self, next = at + sent](error_code stopped) {
                        if (!stopped) self->write_slowly(next);
                      });
                    });
}

void Connection::wait_for_hang_up() {
  out_.assign(1, '\0');
  socket_.async_read_some(asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
    if (error) {
      self->cut(false);
    } else {
      self->wait_for_hang_up();
    }
  });
}

asio::ip::tcp::socket Connection::take_socket() {
  timer_.cancel();
  return std::move(socket_);
}

void Connection::cut(bool reset) {
  timer_.cancel();
  if (!socket_.is_open()) return;
  error_code ignored;
  if (reset) {
    reset_socket(socket_);
    return;
  }
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void reset_socket(asio::ip::tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace chorale::marathon_simulator
