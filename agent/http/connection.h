// One client of HttpServer: reads a request, waits for its answer, writes it, and again. Loop thread only.
//
//   waiting --first byte--> reading --request complete--> answering --written--> waiting ...
//      |                       |                              |
//      |                       |                              |
//      |                       |                              +--live text--> listening, until the client leaves
//      +--- timeout, error ----+------- refused (4xx) --------+--> lingering (1 s at most) --> closed
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "agent/http/server.h"

namespace chorale::agent {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  struct Owner {
    HttpServerOptions options;
    HttpServer::Handler handler;
    // Between requests and while one is read, a connection may be given up for a newer one; not while it is answered.
    std::function<void(HttpConnection*)> may_give_way;
    std::function<void(HttpConnection*)> is_busy;
    std::function<void(HttpConnection*)> closed;
  };

  enum class Peer { kRemote, kLoopback, kUnixSocket };
  using Socket = boost::asio::generic::stream_protocol::socket;

  HttpConnection(Socket socket, Peer peer, std::shared_ptr<const Owner> owner);

  void run();
  // Drops the client at once. Late answers of the handler are dropped.
  void close();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void wait_for_request();
  void read_header();
  void read_body();
  void continue_after_expect();
  void refuse(unsigned status, const std::string& why);
  void on_read_error(boost::system::error_code error);
  void answer();
  void call_handler(const HttpRequest& request);
  void send(HttpResponse response);
  void on_sent(bool keep_alive);
  void send_live(const HttpResponse& response);
  void send_newest();
  void send_piece(const std::shared_ptr<const std::string>& piece);
  void await_heartbeat();
  void await_leaving();
  void linger();
  void drain();

  boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
  const Peer peer_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer handler_timer_;
  std::shared_ptr<const Owner> owner_;
  std::optional<Parser> parser_;
  std::uint64_t request_ = 0;  // answers to an older number are late: dropped
  bool awaiting_answer_ = false;
  bool head_ = false;
  bool keep_alive_ = false;
  bool closed_ = false;
  bool lingers_ = false;
  std::size_t drained_ = 0;
  // Listening.
  std::shared_ptr<LiveText> live_;
  std::shared_ptr<void> listening_;
  std::uint64_t sent_ = 0;  // of the news
  bool sending_ = false;
};

}  // namespace chorale::agent
