// Small things about 127.0.0.1 that several harnesses need. Every wait has a limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace chorale::testing {

// An owned file descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// A listening socket on a port of the kernel's choice; not bool() if there is none to be had.
[[nodiscard]] Socket listen_on_any_port();
[[nodiscard]] std::uint16_t port_of(const Socket& socket);
// A port that is free now. For programs that cannot bind port 0 themselves: somebody else may take it before they do,
// so the caller tries again with another.
[[nodiscard]] std::uint16_t pick_port();
// Not bool() if no connection is accepted in time.
[[nodiscard]] Socket connect_to(std::uint16_t port, std::chrono::milliseconds limit);
// All that comes until the peer closes, or "" if that takes longer than `limit`.
[[nodiscard]] std::string receive_all(const Socket& socket, std::chrono::milliseconds limit);
// Sends `request` and returns all that comes back until the peer closes, or "" if that takes longer than `limit`.
[[nodiscard]] std::string ask(std::uint16_t port, std::string_view request, std::chrono::milliseconds limit);

}  // namespace chorale::testing
