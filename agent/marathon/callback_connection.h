// One connection of a caller of CallbackListener: requests one after the other, their bodies in pieces. Loop thread
// only.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/marathon/callback_listener.h"
#include "agent/marathon/event_pieces.h"

namespace chorale::agent {

class CallbackConnection : public std::enable_shared_from_this<CallbackConnection> {
 public:
  struct Owner {
    CallbackListenerOptions options;
    std::function<void(MarathonEvent)> event;
    std::function<void(const std::shared_ptr<CallbackConnection>&)> closed;
  };

  CallbackConnection(boost::asio::ip::tcp::socket socket, bool is_stranger, std::shared_ptr<const Owner> owner);

  void run() { wait_for_request(); }
  void close();
  [[nodiscard]] bool is_stranger() const { return is_stranger_; }

 private:
  using Error = boost::system::error_code;

  void wait_for_request();
  void read_header();
  void judge_header();
  void read_piece();
  void take_piece(Error error);
  void event_read();
  void answer(unsigned status, bool keep_alive);
  void drain();

  boost::beast::tcp_stream stream_;
  const bool is_stranger_;
  const std::shared_ptr<const Owner> owner_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::buffer_body>> parser_;
  std::optional<EventPieces> event_;
  std::array<char, 64U << 10U> piece_{};
  std::string answer_;
  std::chrono::steady_clock::time_point deadline_{};  // of the request
  bool closed_ = false;
};

}  // namespace chorale::agent
