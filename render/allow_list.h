// Which values may be written where in an Nginx config. Everything from Marathon is checked here before it is rendered.
// Pure.
//
// Each check returns nullopt if the value may stand. Else the error's message completes a sentence that begins with the
// value's name ("its host ..."); it holds no control characters of the value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "render/error.h"

namespace chorale::render {

// A location prefix: begins with '/', [A-Za-z0-9._~/-].
[[nodiscard]] std::optional<Error> refuse_app_id(std::string_view id);
// RFC 1123 labels, optional leading "*.".
[[nodiscard]] std::optional<Error> refuse_host(std::string_view host);
// [a-z0-9_.-]: Nginx ignores the case of names.
[[nodiscard]] std::optional<Error> refuse_upstream_name(std::string_view name);
// Label chorale.retry: conditions of proxy_next_upstream, separated by blanks or commas, none of them twice.
[[nodiscard]] std::optional<Error> refuse_retry(std::string_view value);
// A label or env value, to be quoted: see nginx_quote.h.
[[nodiscard]] std::optional<Error> refuse_quoted(std::string_view value);

// A literal IPv4 or IPv6 address, without brackets.
[[nodiscard]] bool is_ip_address(std::string_view text);

// The conditions of an accepted chorale.retry, one blank between two, less those that every app has: error, timeout and
// invalid_header (Nginx warns of a condition that is named twice). May be empty.
[[nodiscard]] std::string retry_conditions(std::string_view value);

// "/shop/cart" -> "cart.shop" (Nixy's rule), in lower case. Not unique by itself: "/a.b" and "/b/a" meet.
[[nodiscard]] std::string name_of_app_id(std::string_view id);

}  // namespace chorale::render
