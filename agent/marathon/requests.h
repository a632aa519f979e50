// What every request to Marathon needs: where a redirect leads, the path of an app, who asks. Pure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "agent/base/tls_files.h"
#include "agent/base/url.h"

namespace chorale::agent {

// The Location of a 3xx answer to `from`: absolute, or absolute within the origin. Leaving TLS is refused, because the
// credentials would follow in clear.
[[nodiscard]] tl::expected<Url, Failure> redirect_target(const Url& from, std::string_view location);
[[nodiscard]] constexpr bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// How many redirects one request follows: one is what a standby of Marathon >= 1.7 sends.
inline constexpr int kMaxRedirects = 5;

// An app id as a path below /v2/apps: its slashes stay, every character that is not unreserved is percent-encoded.
[[nodiscard]] std::string app_path(std::string_view app_id);
// The same below /v2/pods, where the pod's status is.
[[nodiscard]] std::string pod_status_path(std::string_view pod_id);

// Every character that is not unreserved (RFC 3986, 2.3) percent-encoded: a value within a query.
[[nodiscard]] std::string percent_encoded(std::string_view text);

// What may be wrong where a server answers 400 over TLS: that is how Nginx refuses a certificate, or the lack of one.
// "" for other answers.
[[nodiscard]] std::string certificate_hint(const Url& url, unsigned status, const TlsFiles& tls);

// The value of the Authorization header.
[[nodiscard]] std::string basic_authorization(std::string_view credentials);

}  // namespace chorale::agent
