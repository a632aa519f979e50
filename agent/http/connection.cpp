#include "agent/http/connection.h"

#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <exception>
#include <string_view>
#include <utility>

#include "agent/http/request_rules.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::chrono::milliseconds kLingerTimeout{1'000};
constexpr std::size_t kLingerStep = 64 * 1024;
constexpr std::size_t kLingerBytes = 1024 * 1024;
// Room beside one full header for the start of its body and for pipelined requests.
constexpr std::size_t kReadAhead = 8 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

HttpResponse plain(unsigned status, const std::string& text) {
  return HttpResponse{status, "text/plain; charset=utf-8", text + "\n", {}};
}

template <class Body>
void fill_header(http::response<Body>& message, const HttpResponse& response, bool keep_alive) {
  message.result(response.status);
  message.set(http::field::content_type, response.content_type);
  message.set("X-Content-Type-Options", "nosniff");
  message.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(keep_alive);
}

}  // namespace

HttpConnection::HttpConnection(Socket socket, Peer peer, std::shared_ptr<const Owner> owner)
    : stream_(std::move(socket)),
      peer_(peer),
      buffer_(owner->options.max_header_bytes + kReadAhead),
      handler_timer_(stream_.get_executor()),
      owner_(std::move(owner)) {}

void HttpConnection::run() { wait_for_request(); }

void HttpConnection::close() {
  if (closed_) return;
  closed_ = true;
  ++request_;
  handler_timer_.cancel();
  listening_.reset();
  stream_.close();
  owner_->closed(this);
}

void HttpConnection::wait_for_request() {
  owner_->may_give_way(this);
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(owner_->options.max_header_bytes));
  parser_->body_limit(owner_->options.max_body_bytes);
  if (buffer_.size() > 0) {  // pipelined: it is here already
    read_header();
    return;
  }
  buffer_.shrink_to_fit();  // thousands of idle clients keep nothing
  stream_.expires_after(owner_->options.idle_timeout);
  stream_.async_read_some(buffer_.prepare(1024), [self = shared_from_this()](error_code error, std::size_t bytes) {
    if (self->closed_) return;
    if (error) {
      self->close();
      return;
    }
    self->buffer_.commit(bytes);
    self->read_header();
  });
}

// One deadline from the first byte to the last of header and body: a client that trickles is cut off as well.
void HttpConnection::read_header() {
  stream_.expires_after(owner_->options.header_timeout);
  http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
    if (self->closed_) return;
    if (error) {
      self->on_read_error(error);
      return;
    }
    if (const auto refusal = refuse_request(self->parser_->get())) {
      self->refuse(refusal->status, refusal->why);
      return;
    }
    self->continue_after_expect();
  });
}

void HttpConnection::continue_after_expect() {
  const auto& header = parser_->get();
  if (parser_->is_done() || header.version() < 11 || header[http::field::expect].empty()) {
    read_body();
    return;
  }
  asio::async_write(stream_, asio::buffer(kContinue), [self = shared_from_this()](error_code error, std::size_t) {
    if (self->closed_) return;
    if (error) {
      self->close();
    } else {
      self->read_body();
    }
  });
}

void HttpConnection::read_body() {
  http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
    if (self->closed_) return;
    if (error) {
      self->on_read_error(error);
    } else {
      self->answer();
    }
  });
}

void HttpConnection::on_read_error(error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    refuse(431, "the request's header is too large");
  } else if (error == http::error::body_limit) {
    refuse(413, "the request's body is too large");
  } else if (error == beast::error::timeout) {
    // The timer has closed the stream already; no answer can be sent.
    close();
  } else if (error.category() == http::make_error_code(http::error::bad_method).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    refuse(400, "this is not HTTP: " + error.message());
  } else {
    close();
  }
}

// The connection is beyond repair: answer, then close in a way that lets the client read the answer.
void HttpConnection::refuse(unsigned status, const std::string& why) {
  owner_->is_busy(this);
  head_ = false;
  keep_alive_ = false;
  lingers_ = true;
  send(plain(status, why));
}

void HttpConnection::answer() {
  owner_->is_busy(this);
  const auto& message = parser_->get();
  keep_alive_ = message.keep_alive();
  head_ = message.method() == http::verb::head;
  auto request = read_request(message);
  if (!request) {
    refuse(400, "the request's target is not a path, or is badly encoded");
    return;
  }
  request->from_loopback = peer_ == Peer::kLoopback && !was_forwarded(message);
  request->from_operator = peer_ == Peer::kUnixSocket;
  request->body = std::move(parser_->get().body());
  call_handler(*request);
}

void HttpConnection::call_handler(const HttpRequest& request) {
  const std::uint64_t number = ++request_;
  awaiting_answer_ = true;
  stream_.expires_never();
  const auto& options = owner_->options;
  handler_timer_.expires_after(peer_ == Peer::kUnixSocket ? options.unix_handler_timeout : options.handler_timeout);
  handler_timer_.async_wait([weak = weak_from_this(), number](error_code error) {
    const auto self = weak.lock();
    if (error || !self || self->request_ != number || !self->awaiting_answer_) return;
    self->awaiting_answer_ = false;
    self->send(plain(504, "no answer in time"));
  });
  const auto respond = [weak = weak_from_this(), number](HttpResponse response) {
    const auto self = weak.lock();
    if (!self || self->closed_ || self->request_ != number || !self->awaiting_answer_) return;
    self->awaiting_answer_ = false;
    self->handler_timer_.cancel();
    self->send(std::move(response));
  };
  std::string failure;
  try {
    owner_->handler(request, respond);
    return;
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
    failure = "unknown error";
  }
  respond(plain(500, "internal error: " + failure));
}

void HttpConnection::send(HttpResponse response) {
  if (response.live && !head_) return send_live(response);
  stream_.expires_after(owner_->options.write_timeout);
  const auto done = [self = shared_from_this()](error_code error, bool keep_alive) {
    if (self->closed_) return;
    if (error) {
      self->close();
    } else {
      self->on_sent(keep_alive);
    }
  };
  if (head_) {
    auto message = std::make_shared<http::response<http::empty_body>>();
    fill_header(*message, response, keep_alive_);
    message->content_length(response.body.size());
    http::async_write(stream_, *message,
                      [message, done](error_code error, std::size_t) { done(error, message->keep_alive()); });
    return;
  }
  auto message = std::make_shared<http::response<http::string_body>>();
  fill_header(*message, response, keep_alive_);
  message->body() = std::move(response.body);
  message->prepare_payload();
  http::async_write(stream_, *message,
                    [message, done](error_code error, std::size_t) { done(error, message->keep_alive()); });
}

void HttpConnection::on_sent(bool keep_alive) {
  if (keep_alive) {
    wait_for_request();
  } else if (lingers_) {
    linger();
  } else {
    close();
  }
}

// The body ends with the connection: it has no length.
void HttpConnection::send_live(const HttpResponse& response) {
  live_ = response.live;
  listening_ = live_->listen([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->send_newest();
  });
  sending_ = true;
  auto header = std::make_shared<http::response<http::empty_body>>();
  fill_header(*header, response, false);
  buffer_.clear();
  await_leaving();
  stream_.expires_after(owner_->options.write_timeout);
  http::async_write(stream_, *header, [self = shared_from_this(), header](error_code error, std::size_t) {
    if (self->closed_) return;
    if (error) return self->close();
    self->sending_ = false;
    self->await_heartbeat();
    self->send_newest();
  });
}

void HttpConnection::send_newest() {
  const auto newest = live_->text();
  if (closed_ || sending_ || !newest || live_->news() == sent_) return;
  sent_ = live_->news();
  send_piece(newest);
}

void HttpConnection::send_piece(const std::shared_ptr<const std::string>& piece) {
  sending_ = true;
  stream_.expires_after(owner_->options.write_timeout);
  asio::async_write(stream_, asio::buffer(*piece), [self = shared_from_this(), piece](error_code error, std::size_t) {
    if (self->closed_) return;
    if (error) return self->close();
    self->sending_ = false;
    self->await_heartbeat();
    self->send_newest();
  });
}

void HttpConnection::await_heartbeat() {
  handler_timer_.expires_after(owner_->options.heartbeat);
  handler_timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (error || !self || self->closed_ || self->sending_) return;
    self->send_piece(std::make_shared<const std::string>(self->live_->heartbeat()));
  });
}

// A listener has nothing more to say: whatever it sends is thrown away.
void HttpConnection::await_leaving() {
  stream_.expires_never();
  stream_.async_read_some(buffer_.prepare(1024), [self = shared_from_this()](error_code error, std::size_t) {
    if (self->closed_) return;
    if (error) return self->close();
    self->await_leaving();
  });
}

// Closing with unread bytes resets the connection, and the client would lose the very answer that explains the refusal:
// shut down our side, and throw away what still comes for a moment.
void HttpConnection::linger() {
  error_code ignored;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  parser_.reset();
  buffer_.clear();
  buffer_.max_size(kLingerStep);
  stream_.expires_after(kLingerTimeout);
  drain();
}

void HttpConnection::drain() {
  const auto drained = [self = shared_from_this()](error_code error, std::size_t bytes) {
    if (self->closed_) return;
    self->drained_ += bytes;
    if (error || self->drained_ > kLingerBytes) {
      self->close();
    } else {
      self->drain();
    }
  };
  stream_.async_read_some(buffer_.prepare(kLingerStep), drained);
}

}  // namespace chorale::agent
