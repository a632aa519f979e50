#include "agent/marathon/requests.h"

#include <openssl/evp.h>

#include <algorithm>

#include "agent/base/one_line.h"

namespace chorale::agent {
namespace {

constexpr bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string encoded_but(std::string_view text, std::string_view kept) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_alphanumeric(c) || kept.find(c) != std::string_view::npos) {
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

std::string path_below(const std::string& resource, std::string_view id) {
  const bool rooted = !id.empty() && id.front() == '/';
  return resource + (rooted ? "" : "/") + encoded_but(id, "._~/-");
}

}  // namespace

tl::expected<Url, Failure> redirect_target(const Url& from, std::string_view location) {
  const auto refused = [&](const std::string& why) {
    // A Location may carry credentials as well.
    const auto at = location.rfind('@');
    const auto shown = at == std::string_view::npos ? location : location.substr(at + 1);
    return tl::unexpected(Failure{"redirected to \"" + one_line(shown) + "\", which " + why});
  };
  if (location.size() > 1 && location[0] == '/' && location[1] != '/') {
    Url within = from;
    within.target = location;
    if (std::any_of(location.begin(), location.end(), [](char c) { return c <= ' ' || c == 0x7f; })) {
      return refused("is not a URL");
    }
    return within;
  }
  auto url = parse_url(location);
  if (!url) return refused("is not an absolute http or https URL");
  if (from.tls && !url->tls) return refused("leaves TLS; configure the endpoint as http:// if this is meant");
  return url;
}

std::string app_path(std::string_view app_id) { return path_below("/v2/apps", app_id); }

std::string pod_status_path(std::string_view pod_id) { return path_below("/v2/pods", pod_id) + "::status"; }

std::string percent_encoded(std::string_view text) { return encoded_but(text, "._~-"); }

std::string certificate_hint(const Url& url, unsigned status, const TlsFiles& tls) {
  if (!url.tls || status != 400) return "";
  return tls.cert_file.empty() ? "; does it demand a certificate (marathon_cert_file)?"
                               : "; is the certificate of marathon_cert_file accepted there?";
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
