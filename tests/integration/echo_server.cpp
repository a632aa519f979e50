#include "tests/integration/echo_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <utility>
#include <vector>

namespace chorale::testing {
namespace {

constexpr int kPollMs = 20;

sockaddr_in address_of(const std::string& address, std::uint16_t port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &where.sin_addr);
  return where;
}

bool readable(int descriptor, int limit_ms) {
  pollfd one{descriptor, POLLIN, 0};
  return ::poll(&one, 1, limit_ms) > 0;
}

}  // namespace

EchoServer::EchoServer(std::string name, const std::string& address, std::uint16_t port, bool udp)
    : name_(std::move(name)),
      udp_(udp),
      socket_(::socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0)) {
  const sockaddr_in where = address_of(address, port);
  const int on = 1;
  ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  listens_ = ::bind(socket_.descriptor(), reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
             (udp || ::listen(socket_.descriptor(), 16) == 0);
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

EchoServer::~EchoServer() = default;

void EchoServer::serve(const std::stop_token& stop) {
  std::vector<Socket> connections;
  std::array<char, 4'096> buffer{};
  while (!stop.stop_requested()) {
    if (readable(socket_.descriptor(), kPollMs)) {
      if (udp_) {
        serve_udp();
      } else {
        connections.emplace_back(::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
      }
    }
    std::erase_if(connections, [&](const Socket& connection) {
      if (!readable(connection.descriptor(), 0)) return false;
      const ssize_t size = ::recv(connection.descriptor(), buffer.data(), buffer.size(), 0);
      if (size <= 0) return true;
      const std::string answer = answer_to({buffer.data(), static_cast<std::size_t>(size)});
      return ::send(connection.descriptor(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0;
    });
  }
}

void EchoServer::serve_udp() {
  std::array<char, 4'096> buffer{};
  sockaddr_in peer{};
  socklen_t bytes = sizeof peer;
  const ssize_t size =
      ::recvfrom(socket_.descriptor(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&peer), &bytes);
  if (size < 0) return;
  const std::string answer = answer_to({buffer.data(), static_cast<std::size_t>(size)});
  ::sendto(socket_.descriptor(), answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&peer), bytes);
}

std::string EchoServer::answer_to(const std::string& received) const {
  if (udp_ || !received.starts_with("GET ")) return name_ + " " + received;
  const bool is_upgrade = received.find("\r\nConnection: upgrade\r\n") != std::string::npos &&
                          received.find("\r\nUpgrade: websocket\r\n") != std::string::npos;
  if (!is_upgrade) return "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
  return "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n" + name_ + " open\n";
}

std::string ask_by_tcp(std::uint16_t port, const std::string& text) {
  const Socket socket = connect_to(port, std::chrono::seconds(2));
  if (!socket || ::send(socket.descriptor(), text.data(), text.size(), MSG_NOSIGNAL) < 0) return "";
  std::array<char, 4'096> buffer{};
  if (!readable(socket.descriptor(), 2'000)) return "";
  const ssize_t size = ::recv(socket.descriptor(), buffer.data(), buffer.size(), 0);
  return size <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
}

std::string ask_by_udp(std::uint16_t port, const std::string& text) {
  const Socket socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in where = address_of("127.0.0.1", port);
  if (::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) return "";
  ::send(socket.descriptor(), text.data(), text.size(), 0);
  std::array<char, 4'096> buffer{};
  if (!readable(socket.descriptor(), 1'000)) return "";
  const ssize_t size = ::recv(socket.descriptor(), buffer.data(), buffer.size(), 0);
  return size < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
}

}  // namespace chorale::testing
