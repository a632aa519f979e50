#include "agent/marathon/url.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

constexpr bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_prefix) {
  return text.size() >= lower_prefix.size() &&
         std::equal(lower_prefix.begin(), lower_prefix.end(), text.begin(),
                    [](char expected, char c) { return expected == ((c >= 'A' && c <= 'Z') ? c - 'A' + 'a' : c); });
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// "host", "host:port", "[v6]:port" into url; false where it is neither.
bool take_authority(std::string_view authority, Url& url) {
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) {
      return false;
    }
    url.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && port.front() != ':') {
      return false;
    }
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  url.port = url.tls ? "443" : "80";
  if (port.size() > 1) {
    port.remove_prefix(1);
    unsigned number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65535) {
      return false;
    }
    url.port = std::to_string(number);
  }
  return !url.host.empty();
}

}  // namespace

std::string Url::authority() const {
  return port == (tls ? "443" : "80") ? bracketed(host) : bracketed(host) + ":" + port;
}

std::string Url::origin() const { return (tls ? "https://" : "http://") + bracketed(host) + ":" + port; }

std::string Url::text() const {
  return one_line((tls ? "https://" : "http://") + authority() + target.substr(0, target.find('?')), 500);
}

Url Url::below(std::string_view path) const {
  Url out = *this;
  out.target = target.substr(0, target.find('?'));
  while (!out.target.empty() && out.target.back() == '/') {
    out.target.pop_back();
  }
  out.target += path;
  return out;
}

tl::expected<Url, Failure> parse_url(std::string_view text) {
  const auto refused = [&](std::string_view why) {
    // The text may carry a password: only what follows the last '@' is shown.
    const auto at = text.rfind('@');
    const auto shown = at == std::string_view::npos ? text : text.substr(at + 1);
    return tl::unexpected(Failure{"URL \"" + one_line(shown) + "\": " + std::string(why)});
  };
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c == 0x7f; })) {
    return refused("blanks and control characters are not allowed");
  }
  Url url;
  if (starts_with_ignoring_case(text, "https://")) {
    url.tls = true;
  } else if (!starts_with_ignoring_case(text, "http://")) {
    return refused("expected http:// or https://");
  }
  std::string_view rest = text.substr(url.tls ? 8 : 7);
  rest = rest.substr(0, rest.find('#'));
  const auto path = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, path);
  url.target = rest.substr(path);
  if (!url.target.empty() && url.target.front() == '?') {
    url.target.insert(0, 1, '/');
  }
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    url.credentials = percent_decoded(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  if (!take_authority(authority, url)) {
    return refused("expected host or host:port");
  }
  return url;
}

tl::expected<Url, Failure> redirect_target(const Url& from, std::string_view location) {
  const auto refused = [&](const std::string& why) {
    // A Location may carry credentials, too.
    const auto at = location.rfind('@');
    const auto shown = at == std::string_view::npos ? location : location.substr(at + 1);
    return tl::unexpected(Failure{"redirected to \"" + one_line(shown) + "\", which " + why});
  };
  if (location.size() > 1 && location[0] == '/' && location[1] != '/') {
    Url within = from;
    within.target = location;
    if (std::any_of(location.begin(), location.end(), [](char c) { return c <= ' ' || c == 0x7f; })) {
      return refused("is no URL");
    }
    return within;
  }
  auto url = parse_url(location);
  if (!url) {
    return refused("is no absolute http or https URL");
  }
  if (from.tls && !url->tls) {
    return refused("leaves TLS; configure the endpoint as http:// if this is meant");
  }
  url->credentials = from.credentials;  // a Location cannot bring credentials of its own
  return url;
}

std::string app_path(std::string_view app_id) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out = "/v2/apps";
  if (app_id.empty() || app_id.front() != '/') {
    out += '/';
  }
  for (const char c : app_id) {
    if (is_alphanumeric(c) || c == '.' || c == '_' || c == '~' || c == '/' || c == '-') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 0x0fU];
    }
  }
  return out;
}

std::string basic_authorization(std::string_view credentials) {
  std::string encoded((credentials.size() + 2) / 3 * 4 + 1, '\0');  // one more for the terminator that OpenSSL writes
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                      reinterpret_cast<const unsigned char*>(credentials.data()), static_cast<int>(credentials.size()));
  encoded.resize(static_cast<std::size_t>(length));
  return "Basic " + encoded;
}

}  // namespace chorale::agent
