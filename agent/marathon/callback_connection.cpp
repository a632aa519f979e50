#include "agent/marathon/callback_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <limits>
#include <string_view>
#include <utility>

#include "agent/marathon/subscription.h"

namespace chorale::agent {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::uint32_t kHeaderLimit = 8U << 10U;
constexpr std::size_t kBuffer = kHeaderLimit + (64U << 10U);
// A caller that was refused may read why.
constexpr std::chrono::seconds kLinger{1};

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

}  // namespace

CallbackConnection::CallbackConnection(asio::ip::tcp::socket socket, bool is_stranger,
                                       std::shared_ptr<const Owner> owner)
    : stream_(std::move(socket)), is_stranger_(is_stranger), owner_(std::move(owner)), buffer_(kBuffer) {}

void CallbackConnection::close() {
  if (std::exchange(closed_, true)) return;
  stream_.close();
  owner_->closed(shared_from_this());
}

void CallbackConnection::wait_for_request() {
  parser_.emplace();
  parser_->header_limit(kHeaderLimit);
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());  // it is read in pieces, and not kept
  if (buffer_.size() > 0) return read_header();
  stream_.expires_after(is_stranger_ ? Milliseconds(kLinger) : owner_->options.idle_timeout);
  stream_.async_read_some(buffer_.prepare(4096), [self = shared_from_this()](const Error& error, std::size_t bytes) {
    if (self->closed_) return;
    if (error) return self->close();
    self->buffer_.commit(bytes);
    self->read_header();
  });
}

void CallbackConnection::read_header() {
  deadline_ = std::chrono::steady_clock::now() + owner_->options.request_timeout;
  stream_.expires_after(is_stranger_ ? Milliseconds(kLinger) : owner_->options.silence_timeout);
  http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](const Error& error, std::size_t) {
    if (self->closed_) return;
    if (error) return self->close();
    self->judge_header();
  });
}

void CallbackConnection::judge_header() {
  const auto& header = parser_->get();
  const std::string_view target(header.target().data(), header.target().size());
  if (is_stranger_) return answer(403, false);
  if (path_of(target) != kCallbackPath) return answer(404, false);
  if (header.method() != http::verb::post) return answer(405, false);
  event_.emplace();
  buffer_.reserve(kBuffer);  // Beast reads as much as there is capacity, 512 bytes at a time by default
  if (header[http::field::expect].empty() || parser_->is_done()) return read_piece();
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(stream_, asio::buffer(kContinue), [self = shared_from_this()](const Error& error, std::size_t) {
    if (self->closed_) return;
    if (error) return self->close();
    self->read_piece();
  });
}

void CallbackConnection::read_piece() {
  if (parser_->is_done()) return event_read();
  if (std::chrono::steady_clock::now() >= deadline_) return close();
  auto& body = parser_->get().body();
  body.data = piece_.data();
  body.size = piece_.size();
  body.more = true;
  stream_.expires_after(owner_->options.silence_timeout);
  http::async_read_some(stream_, buffer_, *parser_, [self = shared_from_this()](const Error& error, std::size_t) {
    if (!self->closed_) self->take_piece(error);
  });
}

void CallbackConnection::take_piece(Error error) {
  if (error && error != http::error::need_buffer) return close();
  event_->feed({piece_.data(), piece_.size() - parser_->get().body().size});
  read_piece();
}

// Answered before it is looked at: what it means is not Marathon's affair, and Marathon waits.
void CallbackConnection::event_read() {
  auto event = std::move(*event_).finish();
  MarathonEvent read;
  if (event) {
    read = *std::move(event);
  } else {
    read.type = "unreadable";
  }
  const auto self = shared_from_this();  // the owner may end within
  answer(200, parser_->get().keep_alive());
  owner_->event(std::move(read));
}

void CallbackConnection::answer(unsigned status, bool keep_alive) {
  const std::string reason(http::obsolete_reason(static_cast<http::status>(status)));
  answer_ = "HTTP/1.1 " + std::to_string(status) + " " + reason +
            "\r\nContent-Length: 0\r\nConnection: " + (keep_alive ? "keep-alive" : "close") + "\r\n\r\n";
  stream_.expires_after(owner_->options.silence_timeout);
  asio::async_write(stream_, asio::buffer(answer_),
                    [self = shared_from_this(), keep_alive](const Error& error, std::size_t) {
                      if (self->closed_) return;
                      if (error) return self->close();
                      if (keep_alive) return self->wait_for_request();
                      Error ignored;
                      self->stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
                      self->stream_.expires_after(kLinger);
                      self->drain();
                    });
}

// A socket that is closed with bytes unread is reset, and the answer with it. One deadline for all of it.
void CallbackConnection::drain() {
  stream_.async_read_some(asio::buffer(piece_), [self = shared_from_this()](const Error& error, std::size_t) {
    if (self->closed_) return;
    if (error) return self->close();
    self->drain();
  });
}

}  // namespace chorale::agent
