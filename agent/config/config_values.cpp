#include "agent/config/config_values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "agent/base/url.h"

namespace chorale::agent {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kMaxIdBytes = 128;

using Unit = std::pair<std::string_view, std::int64_t>;
constexpr std::array<Unit, 4> kUnits{{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// nullopt: a '%' without two hexadecimal digits, or a control character.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if ((c >= 0 && c < ' ') || c == 0x7f) return std::nullopt;
    decoded += c;
  }
  return decoded;
}

tl::unexpected<Failure> refuse(const std::string& expected, std::string_view found) {
  return tl::unexpected(Failure{"expected " + expected + ", found \"" + std::string(found) + "\""});
}

}  // namespace

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
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

tl::expected<Milliseconds, Failure> parse_duration(std::string_view text) {
  const auto refused = [&] {
    return refuse("a duration with its unit, e.g. \"250ms\", \"10s\", \"5m\" or \"1h\"", text);
  };
  if (text == "0") return Milliseconds(0);
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || number < 0) return refused();

  constexpr std::int64_t kYear = std::int64_t{366} * 24 * 3'600'000;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, factor] : kUnits) {
    if (unit == name && number <= kYear / factor) return Milliseconds(number * factor);
  }
  return refused();
}

std::string to_text(Milliseconds duration) {
  const auto count = duration.count();
  if (count == 0) return "0s";
  const auto whole = [&](const Unit& unit) { return count % unit.second == 0; };
  const auto& [name, factor] = *std::find_if(kUnits.rbegin(), kUnits.rend(), whole);
  return std::to_string(count / factor) + std::string(name);
}

tl::expected<std::uint16_t, Failure> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code != std::errc() || end != text.data() + text.size()) return refuse("a port number from 0 to 65535", text);
  return port;
}

tl::expected<ListenAddress, Failure> parse_listen(std::string_view text) {
  const auto refused = [&] {
    return refuse("address:port with a literal address, e.g. \"0.0.0.0:8000\" or \"[::1]:8000\"", text);
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return refused();
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return refused();

  std::string address(text.substr(0, colon));
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  if (address.empty() && !bracketed) address = "0.0.0.0";
  const bool version6 = address.find(':') != std::string::npos;
  if (!is_address(address) || version6 != bracketed) return refused();
  return ListenAddress{std::move(address), *port};
}

tl::expected<MarathonUrl, Failure> parse_marathon_url(std::string_view text) {
  if (text.starts_with("zk://")) {
    return tl::unexpected(
        Failure{"a zk:// address stands alone, without URLs beside it, e.g. \"zk://master-1:2181/marathon\""});
  }
  MarathonUrl result;
  std::string bare(text);
  const auto scheme = std::min(bare.find("://"), bare.size());
  const auto host = std::min(scheme + 3, bare.size());
  const auto at = bare.substr(0, bare.find_first_of("/?#", host)).rfind('@');
  if (at != std::string::npos && at >= host) {
    const std::string userinfo = bare.substr(host, at - host);
    const auto colon = std::min(userinfo.find(':'), userinfo.size());
    const auto user = percent_decoded(std::string_view(userinfo).substr(0, colon));
    const auto pass = percent_decoded(std::string_view(userinfo).substr(std::min(colon + 1, userinfo.size())));
    bare.erase(host, at + 1 - host);
    if (!user || !pass || user->empty() || user->find(':') != std::string::npos) {
      return refuse("credentials as user:password before the host, with %XX for what is special in a URL", bare);
    }
    result.user = *user;
    result.pass = *pass;
  }
  // The rest of a password with a slash in it, most likely.
  if (bare.find('@') != std::string::npos) {
    return tl::unexpected(
        Failure{"expected no '@' but before the host; in credentials %XX stands for what is special in "
                "a URL, e.g. %2F for a slash"});
  }
  auto url = parse_url(bare);
  if (!url) return refuse("http://host:port or https://host:port", bare);
  if (bare.find_first_of("?#") != std::string::npos) {
    return refuse("http://host:port or https://host:port, without a query", bare);
  }
  while (url->target.ends_with('/')) url->target.pop_back();
  result.url = url->text();
  return result;
}

tl::expected<void, Failure> check_id(std::string_view id) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '.' || c == '-' || c == '_'; };
  if (id.empty() || id.size() > kMaxIdBytes || !is_alphanumeric(id.front()) ||
      !std::all_of(id.begin(), id.end(), allowed)) {
    return refuse("a name of at most 128 letters, digits, '.', '-' and '_' that begins with a letter or digit", id);
  }
  if (id.starts_with("localhost")) {
    return tl::unexpected(
        Failure{"\"" + std::string(id) +
                "\" would be the name of every host that was never given one; set id to this proxy's own name"});
  }
  return {};
}

}  // namespace chorale::agent
