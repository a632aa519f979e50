// Where a request goes: a configured endpoint, a path below it, or where one of them redirects. Pure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/base/types.h"

namespace chorale::agent {

struct Url {
  bool tls = false;
  std::string host;         // without the brackets of an IPv6 literal
  std::string port;         // always filled: 80 or 443 where none is written
  std::string target;       // path and query as they go over the wire; empty: the root
  std::string credentials;  // "user:password" decoded, where the URL itself carries them; never part of any text

  [[nodiscard]] std::string authority() const;  // for the Host header: the default port is left out
  [[nodiscard]] std::string origin() const;     // "http://host:port", the key of a connection pool
  [[nodiscard]] std::string text() const;       // for people: no credentials, no query, printable
  [[nodiscard]] Url below(std::string_view path) const;
  bool operator==(const Url&) const = default;
};

// http and https only. Anything that could smuggle a header (control characters, blanks) is refused.
[[nodiscard]] tl::expected<Url, Failure> parse_url(std::string_view text);

// The Location of a 3xx answer to `from`: absolute, or absolute within the origin. Leaving TLS is refused, because the
// credentials would follow in clear.
[[nodiscard]] tl::expected<Url, Failure> redirect_target(const Url& from, std::string_view location);
[[nodiscard]] constexpr bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// How many redirects one request follows: one is what a standby of Marathon >= 1.7 sends.
inline constexpr int kMaxRedirects = 5;

// An app id as a path below /v2/apps: its slashes stay, what is no unreserved character is percent-encoded.
[[nodiscard]] std::string app_path(std::string_view app_id);

// The value of the Authorization header.
[[nodiscard]] std::string basic_authorization(std::string_view credentials);

}  // namespace chorale::agent
