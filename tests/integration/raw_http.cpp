#include "tests/integration/raw_http.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace chorale::agent {

using std::chrono::milliseconds;

RunningServer::RunningServer(HttpServerOptions options, HttpServer::Handler handler) : work_(loop_.get_executor()) {
  options.address = "127.0.0.1";
  options.port = 0;
  server_ = std::make_unique<HttpServer>(loop_, options, std::move(handler));
  if (const auto started = server_->start(); !started) throw std::runtime_error(started.error().message);
  port_ = server_->port();
  thread_ = std::thread([this] { loop_.run(); });
}

RunningServer::~RunningServer() {
  boost::asio::post(loop_, [this] {
    server_.reset();
    work_.reset();
  });
  thread_.join();
}

void RunningServer::post(std::function<void()> function) { boost::asio::post(loop_, std::move(function)); }

RawClient::RawClient(std::uint16_t port) : socket_(testing::connect_to(port, kPatience)) {
  if (!socket_) throw std::runtime_error("no server accepts on port " + std::to_string(port));
}

bool RawClient::send(std::string_view text) {
  while (!text.empty()) {
    pollfd writable{socket_.descriptor(), POLLOUT, 0};
    if (::poll(&writable, 1, 5'000) <= 0) return false;
    const ssize_t count = ::send(socket_.descriptor(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void RawClient::finish() { ::shutdown(socket_.descriptor(), SHUT_WR); }

std::string RawClient::read_until(std::string_view end, milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::string text;
  while (end.empty() || text.find(end) == std::string::npos) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd readable{socket_.descriptor(), POLLIN, 0};
    if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) <= 0) break;
    std::array<char, 4096> buffer{};
    const ssize_t count = ::recv(socket_.descriptor(), buffer.data(), buffer.size(), 0);
    if (count <= 0) {
      closed_ = true;
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::string get(const std::string& path, const std::string& method) {
  return method + " " + path + " HTTP/1.1\r\nHost: proxy\r\n\r\n";
}

std::string exchange(std::uint16_t port, const std::string& bytes) {
  RawClient client(port);
  client.send(bytes);
  client.finish();
  return client.read_to_end();
}

void echo(const HttpRequest& request, const HttpServer::Respond& respond) {
  if (request.path == "/throw") throw std::runtime_error("on purpose");
  if (request.path == "/never") return;
  HttpResponse response;
  response.content_type = "text/plain";
  response.body =
      request.method + " " + request.path + " [" + request.body + "]" + (request.from_loopback ? " here" : "");
  respond(response);
}

HttpServerOptions impatient() {
  HttpServerOptions options;
  options.header_timeout = milliseconds(300);
  options.idle_timeout = milliseconds(600);
  options.handler_timeout = milliseconds(300);
  return options;
}

}  // namespace chorale::agent
