// A small HTTP/1.1 server with a limit and a timeout on everything; knows no page. Loop thread only.
//
// cpprest's listener has neither limits nor timeouts (200 MB of header accepted, slow clients never cut), hence Beast.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "agent/base/types.h"
#include "agent/http/live_text.h"

namespace chorale::agent {

struct HttpRequest {
  std::string method;         // "GET", "HEAD", "POST", ...
  std::string path;           // without the query, percent-decoded
  std::string query;          // raw, without '?'
  std::string authorization;  // the header's value or empty; never logged
  std::string body;
  // The client itself is on this host: a request that says it came through a proxy here does not count.
  bool from_loopback = false;
  // It came over the unix socket: whoever may open that one is root.
  bool from_operator = false;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::string body;                                          // of a HEAD request: counted, not sent
  std::vector<std::pair<std::string, std::string>> headers;  // beside those that every answer gets, e.g. Allow
  // Instead of a body: this text, now and whenever it changes, until the client leaves.
  std::shared_ptr<LiveText> live{};
};

struct HttpServerOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 8000;  // 0: the system picks one
  std::string unix_path;      // of a second, local listener, for its owner alone; empty: none
  std::size_t max_header_bytes = 8 * 1024;
  std::size_t max_body_bytes = 64 * 1024;
  std::size_t max_connections = 4096;               // the oldest idle one gives way
  std::chrono::milliseconds header_timeout{5'000};  // first byte to last byte of a request's header and body
  std::chrono::milliseconds idle_timeout{30'000};   // between requests of a kept connection
  std::chrono::milliseconds write_timeout{10'000};
  std::chrono::milliseconds heartbeat{15'000};              // of a live text without news
  std::chrono::milliseconds handler_timeout{10'000};        // then 504
  std::chrono::milliseconds unix_handler_timeout{180'000};  // a command tests and reloads Nginx
};

class HttpServer {
 public:
  // Called on the loop; answers once, now or later, on the loop thread.
  using Respond = std::function<void(HttpResponse)>;
  using Handler = std::function<void(const HttpRequest&, Respond)>;

  HttpServer(boost::asio::io_context& loop, HttpServerOptions options, Handler handler);
  ~HttpServer();  // closes everything; late answers are dropped
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds and listens. The error names the address and why.
  [[nodiscard]] tl::expected<void, Failure> start();
  // The local listener, after start(). The error names the path and why; the server goes on without it.
  [[nodiscard]] tl::expected<void, Failure> start_unix();
  [[nodiscard]] std::uint16_t port() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace chorale::agent
