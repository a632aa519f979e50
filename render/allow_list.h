// Which values may be written where in an Nginx config. Everything from Marathon is checked here before it is rendered.
// Pure.
//
// Each check returns nullopt if the value may stand. Else the error's message completes a sentence that begins with the
// value's name ("its host ..."); it holds no control characters of the value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "render/error.h"

namespace chorale::render {

// Not isalnum: its answer depends on the locale.
[[nodiscard]] constexpr bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A location prefix: begins with '/', [A-Za-z0-9._~/-].
[[nodiscard]] std::optional<Error> refuse_app_id(std::string_view id);
// RFC 1123 labels, optional leading "*.".
[[nodiscard]] std::optional<Error> refuse_host(std::string_view host);
// [a-z0-9_.-]: Nginx ignores the case of names.
[[nodiscard]] std::optional<Error> refuse_upstream_name(std::string_view name);
// A label or env value, to be quoted: see nginx_quote.h.
[[nodiscard]] std::optional<Error> refuse_quoted(std::string_view value);

// A literal IPv4 or IPv6 address, without brackets.
[[nodiscard]] bool is_ip_address(std::string_view text);
// Its 4 or 16 bytes, in the order of the network.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> parse_ip_address(std::string_view text);

// "/shop/cart" -> "cart.shop" (Nixy's rule for hosts), in lower case. Not unique: "/a.b" and "/b/a" meet.
[[nodiscard]] std::string name_of_app_id(std::string_view id);

// "/shop/cart" -> "cart.shop": the app's name, from its id alone and of no other id (decisions/0002). What would make
// two ids meet is written as "--" and one character: '.' within a segment --0, '~' --1, a '-' before another '-' --2,
// a capital --a to --z. REQUIRES: refuse_app_id accepts it.
[[nodiscard]] std::string upstream_name(std::string_view id);

}  // namespace chorale::render
