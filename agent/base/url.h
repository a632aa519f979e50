// http://host[:port][/path] and https://: a configured endpoint, a path below it, or where one of them redirects to.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/base/types.h"

namespace chorale::agent {

// "10.0.0.1:8000", "[::1]:8000": a name or a literal address, and a port.
[[nodiscard]] std::string host_and_port(const std::string& host, const std::string& port);
[[nodiscard]] inline std::string host_and_port(const std::string& host, std::uint16_t port) {
  return host_and_port(host, std::to_string(port));
}

struct Url {
  bool tls = false;
  std::string host;    // without the brackets of an IPv6 literal
  std::string port;    // always filled: 80 or 443 where none is written
  std::string target;  // path and query as they go over the wire; empty: the root

  [[nodiscard]] std::string authority() const;  // for the Host header: the default port is left out
  [[nodiscard]] std::string origin() const;     // "http://host:port", the key of a connection pool
  [[nodiscard]] std::string text() const;       // for people: no query, printable
  [[nodiscard]] Url below(std::string_view path) const;
  bool operator==(const Url&) const = default;
};

// The host is a name or a literal address, an IPv6 one in brackets; a fragment is dropped. Refused are credentials
// (they are configured apart) and what could smuggle a header: control characters and blanks. The error does not
// repeat credentials.
[[nodiscard]] tl::expected<Url, Failure> parse_url(std::string_view text);

}  // namespace chorale::agent
