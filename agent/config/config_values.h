// The values of chorale.toml that are more than a string: durations, addresses, URLs, names. Pure.
//
// Every error says what was expected and shows what was found, unless that may hold a secret.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace chorale::agent {

struct ListenAddress {
  std::string address;  // a literal IPv4 or IPv6 address, without brackets
  std::uint16_t port = 0;
};

// "250ms", "10s", "5m", "1h"; "0" needs no unit.
[[nodiscard]] tl::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text);
// "0.0.0.0:8000", "[::1]:8000", ":8000" (all IPv4 interfaces).
[[nodiscard]] tl::expected<ListenAddress, std::string> parse_listen(std::string_view text);
[[nodiscard]] tl::expected<std::uint16_t, std::string> parse_port(std::string_view text);
// A Marathon base URL, its trailing slash trimmed. Credentials belong to `user` and `pass`, and are never repeated.
[[nodiscard]] tl::expected<std::string, std::string> parse_marathon_url(std::string_view text);
// The agent's name: it becomes a znode's name. "localhost" is what every badly set up host is called.
[[nodiscard]] tl::expected<void, std::string> check_id(std::string_view id);

// Without the blanks at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);
// The parts between separators, trimmed, empty ones left out.
[[nodiscard]] std::vector<std::string> split(std::string_view text, std::string_view separators);

}  // namespace chorale::agent
