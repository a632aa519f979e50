#include "agent/base/http_client.h"

#include <sys/un.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <functional>
#include <utility>

#include "agent/base/http_exchange.h"
#include "agent/base/tls_roots.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using Resolver = tcp::resolver;
using UnixSockets = asio::local::stream_protocol;
using boost::system::error_code;
using Answer = tl::expected<HttpAnswer, Failure>;

// Name, connection, TLS where asked for, request and answer: one step after the other, within one deadline.
class Visit {
 public:
  Answer reach(const Url& url, std::chrono::milliseconds limit) {
    resolve(url, [this] { answer_ = HttpAnswer{}; });
    return wait(limit);
  }

  Answer ask(const Url& url, HttpQuestion question) {
    if (question.host.empty()) question.host = url.authority();
    from_ = question.from;
    if (!url.tls) {
      resolve(url, [&] { exchange(socket_, url.target, question); });
      return wait(question.limit);
    }
    context_.emplace(client_context());
    if (const auto failure = use_files(*context_, question.tls)) return tl::unexpected(*failure);
    resolve(url, [&] { shake_hands(url, question); });
    return wait(question.limit);
  }

  Answer ask(const std::string& path, const std::string& target, HttpQuestion question) {
    if (question.host.empty()) question.host = "localhost";
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
      return tl::unexpected(Failure{"cannot connect: the path is too long for a socket"});
    }
    local_.async_connect(UnixSockets::endpoint(path), [&](const error_code& refused) {
      if (!failed("cannot connect", refused)) exchange(local_, target, question);
    });
    return wait(question.limit);
  }

 private:
  Answer wait(std::chrono::milliseconds limit) {
    loop_.run_for(limit);
    if (answer_) return std::move(*answer_);
    resolver_.cancel();
    return tl::unexpected(Failure{"no answer within " + std::to_string(limit.count()) + " ms"});
  }

  // True if that was the end of it.
  bool failed(const char* doing, const error_code& error) {
    if (error) answer_ = tl::unexpected(Failure{std::string(doing) + ": " + error.message()});
    return error.failed();
  }

  void resolve(const Url& url, std::function<void()> then) {
    // Each resolution that is asynchronous starts a thread; a literal address needs none.
    error_code named;
    const auto literal =
        resolver_.resolve(url.host, url.port, Resolver::numeric_host | Resolver::numeric_service, named);
    if (!named) return connect(literal, std::move(then));
    resolver_.async_resolve(url.host, url.port,
                            [this, then = std::move(then)](const error_code& error, const Resolver::results_type& all) {
                              if (!failed("the name cannot be resolved", error)) connect(all, then);
                            });
  }

  void connect(const Resolver::results_type& all, std::function<void()> then) {
    if (!from_.empty()) return connect_from(all.begin()->endpoint(), std::move(then));
    asio::async_connect(socket_, all, [this, then = std::move(then)](const error_code& refused, const tcp::endpoint&) {
      if (!failed("cannot connect", refused)) then();
    });
  }

  void connect_from(const tcp::endpoint& to, std::function<void()> then) {
    error_code error;
    const auto address = asio::ip::make_address(from_, error);
    if (!error) socket_.open(to.protocol(), error);
    if (!error) socket_.bind({address, 0}, error);
    if (failed("cannot connect from there", error)) return;
    socket_.async_connect(to, [this, then = std::move(then)](const error_code& refused) {
      if (!failed("cannot connect", refused)) then();
    });
  }

  void shake_hands(const Url& url, const HttpQuestion& question) {
    tls_.emplace(std::move(socket_), *context_);
    if (const auto failure = expect_host(*tls_, url.host)) {
      answer_ = tl::unexpected(*failure);
      return;
    }
    tls_->async_handshake(ssl::stream_base::client, [this, &url, &question](const error_code& error) {
      if (!failed("TLS handshake", error)) exchange(*tls_, url.target, question);
    });
  }

  template <class Stream>
  void exchange(Stream& stream, const std::string& target, const HttpQuestion& question) {
    HttpExchange<Stream>::begin(stream, target, question, [this](Answer answer) { answer_ = std::move(answer); });
  }

  std::string from_;
  asio::io_context loop_{1};
  std::optional<ssl::context> context_;
  Resolver resolver_{loop_};
  tcp::socket socket_{loop_};
  UnixSockets::socket local_{loop_};
  std::optional<ssl::stream<tcp::socket>> tls_;
  std::optional<Answer> answer_;
};

}  // namespace

tl::expected<HttpAnswer, Failure> ask_http(const Url& url, const HttpQuestion& question) {
  return Visit().ask(url, question);
}

tl::expected<HttpAnswer, Failure> ask_http(const std::string& socket_path, const std::string& target,
                                           const HttpQuestion& question) {
  return Visit().ask(socket_path, target, question);
}

std::optional<Failure> why_unreachable(const std::string& host, const std::string& port,
                                       std::chrono::milliseconds limit) {
  Url url;
  url.host = host;
  url.port = port;
  const auto connected = Visit().reach(url, limit);
  return connected ? std::nullopt : std::optional(connected.error());
}

}  // namespace chorale::agent
