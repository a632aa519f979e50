// One HTTP request on a connection of its own, with a limit on its time and on the size of its answer. Blocking, on a
// loop of its own: for the command line and for worker threads. On the agent's loop: http_exchange.h. A name that
// hangs is waited for beyond the limit, as long as getaddrinfo(3) does; a literal address asks nobody.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "agent/base/tls_files.h"
#include "agent/base/types.h"
#include "agent/base/url.h"

namespace chorale::agent {

struct HttpQuestion {
  std::chrono::milliseconds limit;     // from the name to the answer's last byte
  std::size_t most_bytes = 64 * 1024;  // of the answer's body; one that is longer is an error
  std::string method = "GET";
  std::string host{};           // the Host header; empty: as the URL says
  std::string authorization{};  // the header's value; empty: none
  std::string body{};
  std::string content_type{};  // of the body; empty: not said
  TlsFiles tls{};
  std::string from{};  // the literal address to come from; empty: as the system chooses
};

struct HttpAnswer {
  unsigned status = 0;
  std::string date;  // the header, or empty
  std::string body;
};

// Redirects are not followed. The error says which step failed: "cannot connect: Connection refused".
[[nodiscard]] tl::expected<HttpAnswer, Failure> ask_http(const Url& url, const HttpQuestion& question);
// The same over a unix socket.
[[nodiscard]] tl::expected<HttpAnswer, Failure> ask_http(const std::string& socket_path, const std::string& target,
                                                         const HttpQuestion& question);

// Why no TCP connection can be made to it (an unknown name, a closed port); nullopt: it can.
[[nodiscard]] std::optional<Failure> why_unreachable(const std::string& host, const std::string& port,
                                                     std::chrono::milliseconds limit);

}  // namespace chorale::agent
