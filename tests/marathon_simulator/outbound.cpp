#include "tests/marathon_simulator/outbound.h"

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdlib>
#include <limits>
#include <memory>

namespace chorale::marathon_simulator {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(asio::io_context& io, OutboundAnswer answer) : socket_(io), timer_(io), answer_(std::move(answer)) {}

  void start(const asio::ip::tcp::endpoint& peer, OutboundRequest request, std::chrono::milliseconds timeout) {
    request_.method_string(request.method);
    request_.target(request.target);
    request_.version(11);
    for (const auto& [name, value] : request.headers) request_.set(name, value);
    request_.set("Connection", "close");
    request_.body() = std::move(request.body);
    request_.prepare_payload();
    parser_.body_limit(std::numeric_limits<std::uint64_t>::max());
    timer_.expires_after(timeout);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (error) return;
      self->timed_out_ = true;
      error_code ignored;
      self->socket_.close(ignored);
    });
    socket_.async_connect(peer, [self = shared_from_this()](error_code error) {
      if (error) return self->finish(error);
      http::async_write(self->socket_, self->request_, [self](error_code failed, std::size_t) {
        if (failed) return self->finish(failed);
        http::async_read(self->socket_, self->buffer_, self->parser_,
                         [self](error_code done, std::size_t) { self->finish(done); });
      });
    });
  }

 private:
  void finish(error_code error) {
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
    if (timed_out_) return answer_(tl::make_unexpected(OutboundError::kTimeout));
    if (error == asio::error::connection_refused) return answer_(tl::make_unexpected(OutboundError::kRefused));
    if (error) return answer_(tl::make_unexpected(OutboundError::kOther));
    Response response;
    response.status = static_cast<int>(parser_.get().result_int());
    for (const auto& field : parser_.get()) {
      const auto name = lower({field.name_string().data(), field.name_string().size()});
      if (name == "connection" || name == "transfer-encoding" || name == "content-length") continue;
      response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    response.body = std::move(parser_.get().body());
    answer_(std::move(response));
  }

  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  OutboundAnswer answer_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  boost::beast::flat_buffer buffer_;
  bool timed_out_ = false;
};

class Pipe : public std::enable_shared_from_this<Pipe> {
 public:
  Pipe(asio::io_context& io, std::string text, asio::ip::tcp::socket client)
      : leader_(io), client_(std::move(client)), text_(std::move(text)) {}

  void start(const asio::ip::tcp::endpoint& peer) {
    leader_.async_connect(peer, [self = shared_from_this()](error_code error) {
      if (error) return self->end();
      asio::async_write(self->leader_, asio::buffer(self->text_), [self](error_code failed, std::size_t) {
        if (failed) return self->end();
        self->copy();
        self->watch_client();
      });
    });
  }

 private:
  void copy() {
    leader_.async_read_some(asio::buffer(bytes_), [self = shared_from_this()](error_code error, std::size_t size) {
      if (error) return self->end();
      asio::async_write(self->client_, asio::buffer(self->bytes_.data(), size),
                        [self](error_code failed, std::size_t) { failed ? self->end() : self->copy(); });
    });
  }

  void watch_client() {
    client_.async_read_some(asio::buffer(ignored_), [self = shared_from_this()](error_code error, std::size_t) {
      error ? self->end() : self->watch_client();
    });
  }

  void end() {
    error_code ignored;
    leader_.close(ignored);
    client_.close(ignored);
  }

  asio::ip::tcp::socket leader_;
  asio::ip::tcp::socket client_;
  std::string text_;
  std::array<char, 16384> bytes_{};
  std::array<char, 256> ignored_{};
};

}  // namespace

std::optional<Url> parse_url(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (url.rfind(kScheme, 0) != 0) return std::nullopt;
  const auto slash = url.find('/', kScheme.size());
  const std::string authority = url.substr(kScheme.size(), slash - kScheme.size());
  const auto colon = authority.rfind(':');
  Url parsed;
  parsed.address = authority.substr(0, colon);
  if (parsed.address == "localhost") parsed.address = "127.0.0.1";
  if (colon != std::string::npos) {
    const long port = std::strtol(authority.c_str() + colon + 1, nullptr, 10);
    if (port < 1 || port > 65535) return std::nullopt;
    parsed.port = static_cast<std::uint16_t>(port);
  }
  if (slash != std::string::npos) parsed.target = url.substr(slash);
  error_code error;
  asio::ip::make_address(parsed.address, error);
  if (error) return std::nullopt;
  return parsed;
}

void send_request(asio::io_context& io, const Url& url, OutboundRequest request, std::chrono::milliseconds timeout,
                  OutboundAnswer answer) {
  std::make_shared<Exchange>(io, std::move(answer))
      ->start({asio::ip::make_address(url.address), url.port}, std::move(request), timeout);
}

void pipe_stream(asio::io_context& io, const Url& url, std::string text, asio::ip::tcp::socket client) {
  std::make_shared<Pipe>(io, std::move(text), std::move(client))
      ->start({asio::ip::make_address(url.address), url.port});
}

}  // namespace chorale::marathon_simulator
