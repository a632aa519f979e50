#include "tests/harness/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace chorale::testing {
namespace {

using Clock = std::chrono::steady_clock;

sockaddr_in loopback_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool wait_for(const Socket& socket, short events, Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  if (left.count() < 0) return false;
  pollfd waiting{.fd = socket.descriptor(), .events = events, .revents = 0};
  return ::poll(&waiting, 1, static_cast<int>(left.count())) > 0;
}

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Socket listen_on_any_port() {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto address = loopback_address(0);
  if (!socket || ::bind(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.descriptor(), SOMAXCONN) != 0) {
    return Socket();
  }
  return socket;
}

std::uint16_t port_of(const Socket& socket) {
  sockaddr_in address{};
  socklen_t length = sizeof(address);
  if (::getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return ntohs(address.sin_port);
}

std::uint16_t pick_port() {
  const Socket socket = listen_on_any_port();
  return socket ? port_of(socket) : std::uint16_t{0};
}

Socket connect_to(std::uint16_t port, std::chrono::milliseconds limit) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto address = loopback_address(port);
  if (!socket) return socket;
  if (::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return socket;
  if (errno != EINPROGRESS || !wait_for(socket, POLLOUT, Clock::now() + limit)) return Socket();
  int error = 0;
  socklen_t length = sizeof(error);
  ::getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &error, &length);
  return error == 0 ? std::move(socket) : Socket();
}

std::string receive_all(const Socket& socket, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  std::string reply;
  while (wait_for(socket, POLLIN, deadline)) {
    std::array<char, 4096> buffer{};
    const auto bytes = ::recv(socket.descriptor(), buffer.data(), buffer.size(), 0);
    if (bytes == 0) return reply;
    if (bytes > 0) reply.append(buffer.data(), static_cast<std::size_t>(bytes));
    if (bytes < 0 && errno != EAGAIN && errno != EINTR) return {};
  }
  return {};
}

std::string ask(std::uint16_t port, std::string_view request, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  const Socket socket = connect_to(port, limit);
  if (!socket || ::send(socket.descriptor(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
  return receive_all(socket, std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()));
}

}  // namespace chorale::testing
