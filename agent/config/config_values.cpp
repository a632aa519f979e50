#include "agent/config/config_values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace chorale::agent {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kMaxIdBytes = 128;

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// "host", "host:port", "[v6]", "[v6]:port" of a URL.
bool is_authority(std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || !is_address(std::string(text.substr(1, end - 1)))) return false;
    port = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    const auto host = text.substr(0, colon);
    const auto allowed = [](char c) { return is_alphanumeric(c) || c == '.' || c == '-' || c == '_'; };
    if (host.empty() || !std::all_of(host.begin(), host.end(), allowed)) return false;
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (port.empty()) return true;
  const auto number = port.starts_with(':') ? parse_port(port.substr(1)) : tl::unexpected(std::string());
  return number && *number != 0;
}

}  // namespace

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(separators), text.size());
    const auto part = trim(text.substr(0, end));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

tl::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text) {
  const auto refuse = [&] {
    return tl::unexpected("expected a duration with its unit, e.g. \"250ms\", \"10s\", \"5m\" or \"1h\", found \"" +
                          std::string(text) + "\"");
  };
  if (text == "0") return std::chrono::milliseconds(0);
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || number < 0) return refuse();

  constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kUnits{
      {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, factor] : kUnits) {
    if (unit != name) continue;
    constexpr std::int64_t kYear = std::int64_t{366} * 24 * 3'600'000;
    if (number > kYear / factor) return refuse();
    return std::chrono::milliseconds(number * factor);
  }
  return refuse();
}

tl::expected<std::uint16_t, std::string> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || code != std::errc() || end != text.data() + text.size()) {
    return tl::unexpected("expected a port number from 0 to 65535, found \"" + std::string(text) + "\"");
  }
  return port;
}

tl::expected<ListenAddress, std::string> parse_listen(std::string_view text) {
  const auto refuse = [&] {
    return tl::unexpected(
        "expected address:port with a literal address, e.g. \"0.0.0.0:8000\" or \"[::1]:8000\", found \"" +
        std::string(text) + "\"");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return refuse();

  std::string address(text.substr(0, colon));
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  if (address.empty() && !bracketed) address = "0.0.0.0";
  const bool version6 = address.find(':') != std::string::npos;
  if (!is_address(address) || version6 != bracketed) return refuse();
  return ListenAddress{std::move(address), *port};
}

tl::expected<std::string, std::string> parse_marathon_url(std::string_view text) {
  constexpr std::string_view kExpected = "expected http://host:port or https://host:port";
  if (text.starts_with("zk://")) {
    return tl::unexpected(
        std::string("finding Marathon through ZooKeeper is not yet supported; list its URLs, e.g. "
                    "[\"http://master-1:8080\", \"http://master-2:8080\"]"));
  }
  const std::string_view scheme = text.starts_with("http://")    ? "http://"
                                  : text.starts_with("https://") ? "https://"
                                                                 : "";
  if (scheme.empty()) return tl::unexpected(std::string(kExpected) + ", found something that begins otherwise");
  std::string_view rest = text.substr(scheme.size());
  const auto end = rest.find_first_of("/?#");
  const std::string_view authority = rest.substr(0, end);
  const std::string_view path = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  if (authority.find('@') != std::string_view::npos || path.find('@') != std::string_view::npos) {
    return tl::unexpected(std::string("a URL holds no credentials: put them into the keys user and pass"));
  }
  if (!is_authority(authority)) return tl::unexpected(std::string(kExpected) + ", found \"" + std::string(text) + "\"");
  if (!path.empty() && path != "/") {
    return tl::unexpected(std::string(kExpected) + " without a path, found \"" + std::string(text) + "\"");
  }
  return std::string(scheme) + std::string(authority);
}

tl::expected<void, std::string> check_id(std::string_view id) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '.' || c == '-' || c == '_'; };
  if (id.empty() || id.size() > kMaxIdBytes || !is_alphanumeric(id.front()) ||
      !std::all_of(id.begin(), id.end(), allowed)) {
    return tl::unexpected("expected a name of at most 128 letters, digits, '.', '-' and '_', found \"" +
                          std::string(id) + "\"");
  }
  if (id.starts_with("localhost")) {
    return tl::unexpected(
        "\"" + std::string(id) +
        "\" would be the name of every host that was never given one; set id to this proxy's own name");
  }
  return {};
}

}  // namespace chorale::agent
