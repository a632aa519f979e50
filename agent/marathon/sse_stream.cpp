#include "agent/marathon/sse_stream.h"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "agent/base/tls_roots.h"
#include "agent/marathon/loop_gate.h"
#include "agent/marathon/name_lookup.h"
#include "agent/marathon/requests.h"
#include "agent/marathon/sse_http.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kHeaderLimit = 16U << 10U;
constexpr std::size_t kBodyBuffer = 64U << 10U;

}  // namespace

// Every handler holds it by shared_ptr and returns at once when it is over.
class SseStream::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& loop, Url url, SseOptions options, SseListener listener)
      : url_(std::move(url)),
        options_(std::move(options)),
        listener_(std::move(listener)),
        loop_(loop),
        gate_(std::make_shared<LoopGate>(loop)),
        timer_(loop),
        authorization_(options_.authorization ? options_.authorization : fixed_authorization("")),
        parser_(options_.max_event_bytes) {}

  void start() {
    asio::post(loop_, [self = shared_from_this()] {
      if (!self->over_) {
        self->open();
      }
    });
  }

  void close() {
    over_ = true;
    timer_.cancel();
    gate_->close();
    disconnect();
  }

 private:
  using Response = http::response_parser<http::buffer_body>;

  void fail(const std::string& what, bool silent = false) {
    if (over_) {
      return;
    }
    close();
    listener_.failed(Failure{"GET " + url_.text() + ": " + what}, silent);
  }
  void fail(const char* doing, const error_code& error) { fail(std::string(doing) + ": " + error.message()); }

  void disconnect() {
    if (error_code ignored; socket_ != nullptr) {
      socket_->close(ignored);
    }
  }

  void open() {
    deadline_ = std::chrono::steady_clock::now() + options_.open_timeout;
    watch_deadline();
    authorization_->get([weak = weak_from_this()](tl::expected<std::string, Failure> value) {
      const auto self = weak.lock();
      if (self == nullptr || self->over_) return;
      if (!value) return self->fail(value.error().message);
      self->authorization_sent_ = *std::move(value);
      self->locate();
    });
  }

  void locate() {
    look_up(gate_, url_.host, [weak = weak_from_this()](Addresses found) {
      const auto self = weak.lock();
      if (self == nullptr || self->over_) {
        return;
      }
      if (!found) {
        return self->fail("cannot resolve the name: " + found.error());
      }
      self->connect(*found);
    });
  }

  void connect(const std::vector<asio::ip::address>& addresses) {
    socket_ = nullptr;  // of the endpoint before a redirect
    tls_.reset();
    plain_.reset();
    if (url_.tls) {
      if (const auto failure = prepare_tls()) return fail(failure->message);
    } else {
      plain_ = std::make_unique<tcp::socket>(loop_);
    }
    endpoints_.clear();
    std::uint16_t port = 0;
    const char* const end = url_.port.data() + url_.port.size();
    if (const auto read = std::from_chars(url_.port.data(), end, port); read.ec != std::errc{} || read.ptr != end) {
      return fail("port " + url_.port + " is none");
    }
    for (const asio::ip::address& address : addresses) endpoints_.emplace_back(address, port);
    socket_ = url_.tls ? &tls_->next_layer() : plain_.get();
    asio::async_connect(*socket_, endpoints_,
                        [self = shared_from_this()](const error_code& error, const tcp::endpoint&) {
                          if (self->over_) {
                            return;
                          }
                          if (error) {
                            return self->fail("cannot connect", error);
                          }
                          self->url_.tls ? self->handshake() : self->send(*self->plain_);
                        });
  }

  std::optional<Failure> prepare_tls() {
    if (!context_) {
      context_.emplace(client_context());
      if (auto failure = use_files(*context_, options_.tls)) {
        return failure;
      }
    }
    tls_ = std::make_unique<ssl::stream<tcp::socket>>(loop_, *context_);
    return expect_host(*tls_, url_.host);
  }

  void handshake() {
    tls_->async_handshake(ssl::stream_base::client, [self = shared_from_this()](const error_code& error) {
      if (self->over_) {
        return;
      }
      if (error) {
        return self->fail("TLS handshake", error);
      }
      self->send(*self->tls_);
    });
  }

  template <class Stream>
  void send(Stream& stream) {
    request_ = stream_request(url_, authorization_sent_);
    http::async_write(stream, request_, [self = shared_from_this(), &stream](const error_code& error, std::size_t) {
      if (self->over_) {
        return;
      }
      if (error) {
        return self->fail("cannot send the request", error);
      }
      self->read_header(stream);
    });
  }

  template <class Stream>
  void read_header(Stream& stream) {
    buffer_.clear();
    buffer_.reserve(kBodyBuffer);  // Beast reads as much as there is capacity, 512 bytes at a time by default
    response_.emplace();
    response_->header_limit(kHeaderLimit);
    // Endless. Not boost::none: Boost 1.74 takes that for less than any Content-Length.
    response_->body_limit(std::numeric_limits<std::uint64_t>::max());
    http::async_read_header(stream, buffer_, *response_,
                            [self = shared_from_this(), &stream](const error_code& error, std::size_t) {
                              if (self->over_) {
                                return;
                              }
                              if (error) {
                                return self->fail("no valid answer", error);
                              }
                              if (self->accept_header()) {
                                self->read_body(stream);
                              }
                            });
  }

  // True when events follow. Else it failed, was closed, or goes on elsewhere.
  bool accept_header() {
    const unsigned status = response_->get().result_int();
    if (is_redirect(status)) {
      follow(std::string(response_->get()[http::field::location]));
      return false;
    }
    if (status == 401 && !renewed_ && authorization_->renew(authorization_sent_)) {
      renewed_ = true;
      disconnect();
      open();
      return false;
    }
    if (const auto refusal = stream_refusal(response_->get())) {
      fail(*refusal + certificate_hint(url_, status, options_.tls));
      return false;
    }
    touch();
    watch_deadline();  // armed anew: the idle timeout may be the shorter one
    listener_.opened();
    return !over_;
  }

  void follow(const std::string& location) {
    auto next = redirect_target(url_, location);
    if (!next) {
      return fail(next.error().message);
    }
    if (++redirects_ > kMaxRedirects) {
      return fail("more than " + std::to_string(kMaxRedirects) + " redirects");
    }
    disconnect();
    url_ = std::move(*next);
    open();
  }

  template <class Stream>
  void read_body(Stream& stream) {
    auto& body = response_->get().body();
    body.data = body_.data();
    body.size = body_.size();
    body.more = true;
    http::async_read_some(stream, buffer_, *response_,
                          [self = shared_from_this(), &stream](error_code error, std::size_t bytes) {
                            if (self->over_) {
                              return;
                            }
                            if (error == http::error::need_buffer) {
                              error = {};
                            }
                            self->take(bytes);
                            if (self->over_) {
                              return;
                            }
                            if (error && error != http::error::end_of_stream) {
                              return self->fail("the stream broke", error);
                            }
                            if (error || self->response_->is_done()) {
                              return self->fail("Marathon closed the stream");
                            }
                            self->read_body(stream);
                          });
  }

  void take(std::size_t wire_bytes) {
    const std::size_t got = body_.size() - response_->get().body().size;
    if (wire_bytes > 0 || got > 0) {
      touch();
    }
    if (got == 0) {
      return;
    }
    if (auto events = parser_.feed(std::string_view(body_.data(), got)); !events.empty()) {
      listener_.events(std::move(events));
    }
  }

  void touch() { deadline_ = std::chrono::steady_clock::now() + options_.idle_timeout; }

  // One timer for the stream's life: reads only move the deadline, so that a storm of events costs no timer operations.
  void watch_deadline() {
    timer_.expires_at(deadline_);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (self->over_ || error) {
        return;
      }
      if (std::chrono::steady_clock::now() < self->deadline_) {
        return self->watch_deadline();
      }
      const bool open = self->response_ && self->response_->is_header_done();
      self->fail(open ? "nothing received for " + std::to_string(self->options_.idle_timeout.count()) + " ms"
                      : "no answer within " + std::to_string(self->options_.open_timeout.count()) + " ms",
                 open);
    });
  }

  Url url_;
  const SseOptions options_;
  const SseListener listener_;
  asio::io_context& loop_;
  const std::shared_ptr<LoopGate> gate_;
  std::vector<tcp::endpoint> endpoints_;  // of url_
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point deadline_{};
  const std::shared_ptr<Authorization> authorization_;
  std::string authorization_sent_;
  bool renewed_ = false;  // after a 401
  std::optional<ssl::context> context_;
  std::unique_ptr<tcp::socket> plain_;  // exactly one of the two, once connecting
  std::unique_ptr<ssl::stream<tcp::socket>> tls_;
  tcp::socket* socket_ = nullptr;  // of that one
  http::request<http::empty_body> request_;
  boost::beast::flat_buffer buffer_{kHeaderLimit + kBodyBuffer};
  std::optional<Response> response_;
  std::array<char, kBodyBuffer> body_{};
  SseParser parser_;
  int redirects_ = 0;
  bool over_ = false;
};

SseStream::SseStream(asio::io_context& loop, const Url& url, SseOptions options, SseListener listener)
    : impl_(std::make_shared<Impl>(loop, url, std::move(options), std::move(listener))) {
  impl_->start();
}

SseStream::~SseStream() { impl_->close(); }

}  // namespace chorale::agent
