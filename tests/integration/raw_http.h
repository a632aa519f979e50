// An HttpServer on a thread of its own, and a client that sends it any bytes.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "agent/http/server.h"
#include "tests/harness/loopback.h"

namespace chorale::agent {

inline constexpr std::chrono::milliseconds kPatience{10'000};

// On 127.0.0.1, on a port of the kernel's choice. Throws if it cannot listen.
class RunningServer {
 public:
  RunningServer(HttpServerOptions options, HttpServer::Handler handler);
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void post(std::function<void()> function);  // to the server's loop

 private:
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);  // throws if no server accepts

  // False: the server has closed, or has not read for 5 s.
  bool send(std::string_view text);
  void finish();  // no more from here
  // What comes until `end` has come, the server closes or time is over.
  std::string read_until(std::string_view end, std::chrono::milliseconds limit = kPatience);
  std::string read_to_end(std::chrono::milliseconds limit = kPatience) { return read_until("", limit); }
  [[nodiscard]] bool closed() const { return closed_; }  // as the last read saw it

 private:
  testing::Socket socket_;
  bool closed_ = false;
};

[[nodiscard]] std::string get(const std::string& path, const std::string& method = "GET");
// Sends, closes its side, and returns all that comes back.
[[nodiscard]] std::string exchange(std::uint16_t port, const std::string& bytes);
// Answers "<method> <path> [<body>]", with " here" behind it for a client on this host. /throw throws, /never is
// silent.
void echo(const HttpRequest& request, const HttpServer::Respond& respond);
// Timeouts that a test can wait for.
[[nodiscard]] HttpServerOptions impatient();

}  // namespace chorale::agent
