// What may stand bare in which Nginx context. Everything that Marathon says passes here before it may be rendered.
// Pure.
//
// Each check returns "" if the value may stand, else what is wrong with it, for `explain` and the log (control
// characters in the value are escaped there).
#pragma once

#include <string>
#include <string_view>

namespace chorale::render {

[[nodiscard]] std::string refuse_app_id(std::string_view id);  // a location prefix: starts with '/', [A-Za-z0-9._~/-]
[[nodiscard]] std::string refuse_host(std::string_view host);  // RFC 1123 labels, optional leading "*."
[[nodiscard]] std::string refuse_ip_address(std::string_view ip);       // a literal IPv4 or IPv6 address
[[nodiscard]] std::string refuse_upstream_name(std::string_view name);  // [a-z0-9_.-]: Nginx ignores the case of names
[[nodiscard]] std::string refuse_quoted(std::string_view value);  // a label or env value, to be quoted: see nginx_quote

// "/shop/cart" -> "cart.shop" (Nixy's rule), in lower case. Not unique by itself: "/a.b" and "/b/a" meet.
[[nodiscard]] std::string name_of_app_id(std::string_view id);

}  // namespace chorale::render
