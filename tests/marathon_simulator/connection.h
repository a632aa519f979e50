// One HTTP/1.1 connection of the simulator: reads requests, hands each to the handler, writes the answer.
//
// Loop thread only. Owned by its own pending operations; the Server holds weak references to be able to cut it. Idle
// connections are closed after 30 s, as Jetty does, except those that carry the control API.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "tests/marathon_simulator/http.h"

namespace chorale::marathon_simulator {

class Connection;
// Answers by connection->respond(), now or later, or takes the socket away.
using RequestHandler = std::function<void(const Request& request, const std::shared_ptr<Connection>& connection)>;
using ByteCounter = std::function<void(std::size_t)>;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, RequestHandler handler, ByteCounter sent);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  // The answer to the request in hand. A misdelivered one ends the connection.
  void respond(Response response);
  // For an answer that never ends: the connection forgets its socket.
  [[nodiscard]] boost::asio::ip::tcp::socket take_socket();
  // Ends it from outside; with RST when asked for.
  void cut(bool reset);
  void mark_as_control() { control_ = true; }
  [[nodiscard]] bool is_control() const { return control_; }

 private:
  struct Parsing;

  void read_request();
  void on_request();
  void write(std::string text, bool then_close);
  void write_slowly(std::size_t at);
  void wait_for_hang_up();
  void arm_idle_timer();

  boost::asio::ip::tcp::socket socket_;
  RequestHandler handler_;
  ByteCounter sent_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<Parsing> parsing_;
  Request request_;
  std::string out_;
  std::size_t bytes_per_second_ = 0;
  bool close_after_write_ = false;
  bool control_ = false;
};

// Closes so that the peer sees RST.
void reset_socket(boost::asio::ip::tcp::socket& socket);

}  // namespace chorale::marathon_simulator
