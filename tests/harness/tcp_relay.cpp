#include "tests/harness/tcp_relay.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <vector>

namespace chorale::testing {
namespace {

constexpr int kTurnMs = 10;  // the longest that a connection or a stop is noticed late
constexpr std::chrono::milliseconds kConnectLimit{1'000};
constexpr int kSendLimitMs = 20'000;  // how long a receiver may read nothing: one on a loaded machine is slow, not gone

bool send_all(int descriptor, const char* data, std::size_t bytes) {
  while (bytes > 0) {
    const auto sent = ::send(descriptor, data, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      pollfd writable{.fd = descriptor, .events = POLLOUT, .revents = 0};
      if (::poll(&writable, 1, kSendLimitMs) <= 0) return false;
      continue;
    }
    if (sent < 0) return false;
    data += sent;
    bytes -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

TcpRelay::TcpRelay(std::uint16_t target_port) : target_port_(target_port), thread_([this] { run(); }) {}

TcpRelay::~TcpRelay() {
  stopping_ = true;
  thread_.join();
}

void TcpRelay::cut() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  pairs_.clear();
}

void TcpRelay::heal() {
  const std::lock_guard lock(mutex_);
  cut_ = false;
}

void TcpRelay::swallow_replies(bool swallow) {
  const std::lock_guard lock(mutex_);
  swallow_ = swallow;
}

void TcpRelay::run() {
  while (!stopping_) {
    std::vector<pollfd> waiting{{.fd = listener_.descriptor(), .events = POLLIN, .revents = 0}};
    {
      const std::lock_guard lock(mutex_);
      for (const auto& pair : pairs_) {
        waiting.push_back({.fd = pair.client.descriptor(), .events = POLLIN, .revents = 0});
        waiting.push_back({.fd = pair.server.descriptor(), .events = POLLIN, .revents = 0});
      }
    }
    // A descriptor closed meanwhile by cut() is only polled, never read: the pairs are walked again below.
    if (::poll(waiting.data(), waiting.size(), kTurnMs) <= 0) continue;
    const std::lock_guard lock(mutex_);
    if ((waiting.front().revents & POLLIN) != 0) accept_one();
    pairs_.remove_if([this](const Pair& pair) {
      return !copy(pair.client, pair.server, false) || !copy(pair.server, pair.client, swallow_);
    });
  }
}

void TcpRelay::accept_one() {
  Socket client(::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client || cut_) return;
  Socket server = connect_to(target_port_, kConnectLimit);
  if (server) pairs_.push_back({std::move(client), std::move(server)});
}

// False: one side has ended, so the other must.
bool TcpRelay::copy(const Socket& from, const Socket& to, bool swallow) const {
  std::array<char, std::size_t{64} * 1024> buffer;
  const auto bytes = ::recv(from.descriptor(), buffer.data(), buffer.size(), 0);
  if (bytes < 0) return errno == EAGAIN || errno == EINTR;
  if (bytes == 0) return false;
  return swallow || send_all(to.descriptor(), buffer.data(), static_cast<std::size_t>(bytes));
}

}  // namespace chorale::testing
