#include "agent/cli/http_get.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <utility>

#include "agent/marathon/requests.h"
#include "agent/marathon/tls_roots.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMaxBodyBytes = 64 * 1024;

// A visit: name, connection and, where asked for, TLS and a GET; one step after the other, within one deadline.
class Visit {
 public:
  explicit Visit(Url url) : url_(std::move(url)), resolver_(loop_), stream_(loop_, context_) {
    parser_.body_limit(kMaxBodyBytes);
  }

  // Why it failed; nullopt: it did not.
  std::optional<Failure> connect(std::chrono::milliseconds limit) {
    return run(limit, [this] { resolve([this] { over(); }); });
  }

  tl::expected<HttpAnswer, Failure> get(const std::string& credentials, const std::string& ca_file,
                                        std::chrono::milliseconds limit) {
    if (url_.tls) {
      if (const auto failure = trust_roots(context_, ca_file)) return tl::unexpected(*failure);
      if (const auto failure = expect_host(stream_, url_.host)) return tl::unexpected(*failure);
    }
    request_ = {http::verb::get, url_.target.empty() ? "/" : url_.target, 11};
    request_.set(http::field::host, url_.authority());
    request_.set(http::field::connection, "close");
    if (!credentials.empty()) request_.set(http::field::authorization, basic_authorization(credentials));
    const auto failed =
        run(limit, [this] { resolve([this] { url_.tls ? shake_hands() : ask(stream_.next_layer()); }); });
    if (failed) return tl::unexpected(*failed);
    auto& response = parser_.get();
    return HttpAnswer{response.result_int(), std::string(response[http::field::date]), std::move(response.body())};
  }

 private:
  std::optional<Failure> run(std::chrono::milliseconds limit, const std::function<void()>& begin) {
    begin();
    loop_.run_for(limit);
    if (done_) return failure_;
    resolver_.cancel();
    return Failure{"no answer within " + std::to_string(limit.count()) + " ms"};
  }

  void over() { done_ = true; }
  // True if that was the end of it.
  bool failed(const char* doing, const error_code& error) {
    if (!error) return false;
    failure_ = Failure{std::string(doing) + ": " + error.message()};
    over();
    return true;
  }

  void resolve(std::function<void()> then) {
    resolver_.async_resolve(
        url_.host, url_.port,
        [this, then = std::move(then)](const error_code& error, const tcp::resolver::results_type& all) {
          if (failed("the name cannot be resolved", error)) return;
          asio::async_connect(stream_.next_layer(), all, [this, then](const error_code& refused, const tcp::endpoint&) {
            if (!failed("cannot connect", refused)) then();
          });
        });
  }

  void shake_hands() {
    stream_.async_handshake(ssl::stream_base::client, [this](const error_code& error) {
      if (!failed("TLS handshake", error)) ask(stream_);
    });
  }

  template <class Stream>
  void ask(Stream& stream) {
    http::async_write(stream, request_, [this, &stream](const error_code& error, std::size_t) {
      if (failed("cannot send", error)) return;
      read(stream);
    });
  }

  // The header first: Beast 1.74 forgets the limit of a body that it reads together with its header.
  template <class Stream>
  void read(Stream& stream) {
    http::async_read_header(stream, buffer_, parser_, [this, &stream](const error_code& bad, std::size_t) {
      if (failed("no readable answer", bad)) return;
      http::async_read(stream, buffer_, parser_, [this](const error_code& unread, std::size_t) {
        if (!failed("no readable answer", unread)) over();
      });
    });
  }

  Url url_;
  asio::io_context loop_{1};
  ssl::context context_ = client_context();
  tcp::resolver resolver_;
  ssl::stream<tcp::socket> stream_;  // without TLS only its socket is used
  http::request<http::empty_body> request_;
  boost::beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  std::optional<Failure> failure_;
  bool done_ = false;
};

}  // namespace

tl::expected<HttpAnswer, Failure> http_get(const Url& url, const std::string& credentials, const std::string& ca_file,
                                           std::chrono::milliseconds limit) {
  return Visit(url).get(credentials, ca_file, limit);
}

std::optional<Failure> why_unreachable(const std::string& host, const std::string& port,
                                       std::chrono::milliseconds limit) {
  Url url;
  url.host = host;
  url.port = port;
  return Visit(std::move(url)).connect(limit);
}

}  // namespace chorale::agent
