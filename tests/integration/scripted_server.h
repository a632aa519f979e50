// A server on a loopback port that answers every request exactly as a test says, byte by byte: what the Marathon
// simulator is too well-behaved for. Owned by the test; one thread for every connection.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace chorale::testing {

// One accepted connection, as a script sees it. Blocking.
class ScriptedConnection {
 public:
  virtual ~ScriptedConnection() = default;
  virtual void send(std::string_view bytes) = 0;  // in a segment of its own; an error is ignored
  virtual void wait_for_close() = 0;              // until the client, or the server's end, closes it
};

class ScriptedServer {
 public:
  // Called for every request head, on the connection's thread. False: the connection is closed.
  using Script = std::function<bool(const std::string& head, ScriptedConnection&)>;

  // With a context it speaks TLS.
  explicit ScriptedServer(Script script, std::shared_ptr<boost::asio::ssl::context> tls = nullptr);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::string url(const std::string& host = "127.0.0.1") const;
  [[nodiscard]] std::vector<std::string> heads() const;  // of all requests so far
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept();
  void serve(boost::asio::ip::tcp::socket& socket);

  Script script_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::list<boost::asio::ip::tcp::socket> sockets_;
  std::list<std::thread> threads_;
  std::thread acceptor_thread_;
};

// "HTTP/1.1 200 OK", Content-Length and the body.
[[nodiscard]] std::string http_answer(std::string_view status, std::string_view body,
                                      std::string_view more_headers = "");

}  // namespace chorale::testing
