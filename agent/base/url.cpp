#include "agent/base/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_host_character(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

// Takes a scheme such as "http://", in any case, from the front of a text.
bool take_scheme(std::string_view& text, std::string_view scheme) {
  const auto same = [](char wanted, char c) { return wanted == lower(c); };
  if (text.size() < scheme.size() || !std::equal(scheme.begin(), scheme.end(), text.begin(), same)) return false;
  text.remove_prefix(scheme.size());
  return true;
}

bool is_ipv6(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

// "host", "host:port", "[v6]:port" into url; false where it is none of them.
bool take_authority(std::string_view authority, Url& url) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = std::min(authority.find(']'), authority.size());
    url.host = authority.substr(1, close - 1);
    port = authority.substr(std::min(close + 1, authority.size()));
    if (close == authority.size() || !is_ipv6(url.host)) return false;
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    port = authority.substr(colon);
    if (url.host.empty() || !std::all_of(url.host.begin(), url.host.end(), is_host_character)) return false;
  }
  url.port = url.tls ? "443" : "80";
  if (port.empty()) return true;
  unsigned number = 0;
  const char* const end = port.data() + port.size();
  const auto [stopped, code] = std::from_chars(port.data() + 1, end, number);
  url.port = std::to_string(number);
  return port.front() == ':' && code == std::errc{} && stopped == end && number >= 1 && number <= 65535;
}

}  // namespace

std::string host_and_port(const std::string& host, const std::string& port) { return bracketed(host) + ":" + port; }

std::string Url::authority() const {
  return port == (tls ? "443" : "80") ? bracketed(host) : host_and_port(host, port);
}

std::string Url::origin() const { return (tls ? "https://" : "http://") + host_and_port(host, port); }

std::string Url::text() const {
  return one_line((tls ? "https://" : "http://") + authority() + target.substr(0, target.find('?')), 500);
}

Url Url::below(std::string_view path) const {
  Url out = *this;
  out.target = target.substr(0, target.find('?'));
  while (out.target.ends_with('/')) out.target.pop_back();
  out.target += path;
  return out;
}

tl::expected<Url, Failure> parse_url(std::string_view text) {
  const auto refused = [&](std::string_view why) {
    // Only what follows the last '@' is shown: a password may come before it.
    const auto at = text.rfind('@');
    const auto shown = at == std::string_view::npos ? text : text.substr(at + 1);
    return tl::unexpected(Failure{"URL \"" + one_line(shown) + "\": " + std::string(why)});
  };
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c == 0x7f; })) {
    return refused("blanks and control characters are not allowed");
  }
  Url url;
  std::string_view rest = text.substr(0, text.find('#'));
  url.tls = take_scheme(rest, "https://");
  if (!url.tls && !take_scheme(rest, "http://")) return refused("expected http:// or https://");
  const auto path = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, path);
  url.target = rest.substr(path);
  if (url.target.starts_with('?')) url.target.insert(0, 1, '/');
  if (authority.find('@') != std::string_view::npos) return refused("credentials are not allowed");
  if (!take_authority(authority, url)) return refused("expected host or host:port");
  return url;
}

}  // namespace chorale::agent
