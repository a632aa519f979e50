// The values of chorale.toml that are more than a string: durations, addresses, URLs, names. Pure.
//
// Every error says what was expected and shows what was found, unless that may hold a secret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/types.h"

namespace chorale::agent {

struct ListenAddress {
  std::string address;  // a literal IPv4 or IPv6 address, without brackets
  std::uint16_t port = 0;
};

// "250ms", "10s", "5m", "1h"; "0" needs no unit.
[[nodiscard]] tl::expected<Milliseconds, Failure> parse_duration(std::string_view text);
// "10s": in the largest unit that gives a whole number.
[[nodiscard]] std::string to_text(Milliseconds duration);
// "0.0.0.0:8000", "[::1]:8000", ":8000" (all IPv4 interfaces).
[[nodiscard]] tl::expected<ListenAddress, Failure> parse_listen(std::string_view text);
[[nodiscard]] tl::expected<std::uint16_t, Failure> parse_port(std::string_view text);
// A base URL of Marathon without its trailing slash, without the scheme's own port, and without its credentials, which
// stand before it as in Nixy, percent-encoded. No error repeats them.
struct MarathonUrl {
  std::string url;
  std::string user;  // empty: the URL holds no credentials
  std::string pass;
};
[[nodiscard]] tl::expected<MarathonUrl, Failure> parse_marathon_url(std::string_view text);
// The agent's name: it becomes a znode's name. "localhost" is what every host is called that was never given a name.
[[nodiscard]] tl::expected<void, Failure> check_id(std::string_view id);

// Without the blanks at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);  // ASCII letters alone
// The parts between separators, trimmed, empty ones left out.
[[nodiscard]] std::vector<std::string> split(std::string_view text, std::string_view separators);

}  // namespace chorale::agent
